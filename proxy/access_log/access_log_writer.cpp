#include "proxy/access_log/access_log_writer.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <new>
#include <utility>

#include "base/signals_blocked.h"
#include "proxy/access_log/access_log.h"

namespace frontdoor {
namespace {

constexpr std::size_t queue_bytes_max = 8 * 1024 * 1024;
constexpr std::size_t spares_max = 16;
constexpr auto drain_time = std::chrono::seconds{2};

}  // namespace

std::string AccessLogWriter::open(const config::AccessLog& config) {
  wanted_ = config;
  return file_.open(config);
}

bool AccessLogWriter::hand_over(std::string& buffer) {
  {
    const std::lock_guard lock(mutex_);
    if (bytes_ + buffer.size() > queue_bytes_max) {
      loss_ = {wanted_.output, "lines come faster than they can be written"};
      return false;
    }
    const std::size_t size = buffer.size();
    queue_.push_back(std::move(buffer));
    bytes_ += size;
    if (spares_.empty()) {
      buffer = std::string();
    } else {
      buffer = std::move(spares_.back());
      spares_.pop_back();
    }
  }
  wake_.notify_one();
  return true;
}

AccessLog::Loss AccessLogWriter::last_loss() const {
  const std::lock_guard lock(mutex_);
  return loss_;
}

void AccessLogWriter::start() {
  if (thread_.joinable()) return;
  spares_.reserve(spares_max);    // so that none of them needs memory to be kept
  const SignalsBlocked blocked;  // SIGPIPE too: a pipe without a reader must be an EPIPE here
  thread_ = std::thread([this] { run(); });
  ::pthread_setname_np(thread_.native_handle(), "access-log");
}

void AccessLogWriter::change(const config::AccessLog& config) {
  {
    const std::lock_guard lock(mutex_);
    const bool another = wanted_.output != config.output;
    wanted_ = config;
    if (!another) return;  // the rest is taken at the next look
    open_wanted_ = true;
  }
  if (config.output != "off") start();
  wake_.notify_one();
}

bool AccessLogWriter::reopen() {
  {
    const std::lock_guard lock(mutex_);
    if (!AccessLogFile::is_path(wanted_.output)) return false;
    open_wanted_ = true;
  }
  wake_.notify_one();
  return true;
}

void AccessLogWriter::stop() {
  if (!thread_.joinable()) return;
  file_.finish_by(Clock::now() + drain_time);
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void AccessLogWriter::run() {
  std::vector<std::string> batch;
  TimePoint next_look = Clock::now() + look_every_;
  bool put_off = false;  // there was no memory to see to the file: at the next look
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait_until(lock, next_look, [&] { return stopping_ || open_wanted_ || !queue_.empty(); });
    if (queue_.empty() && stopping_) return;
    std::swap(batch, queue_);
    const bool asked = std::exchange(open_wanted_, false) || put_off;
    lock.unlock();

    if ((asked && !put_off) || Clock::now() >= next_look) {
      put_off = !see_to_file(asked);
      next_look = Clock::now() + look_every_;
    }
    for (auto& buffer : batch) write_and_keep(buffer);

    batch.clear();
    lock.lock();
  }
}

bool AccessLogWriter::see_to_file(bool asked) {
  try {
    config::AccessLog wanted;
    {
      const std::lock_guard lock(mutex_);
      wanted = wanted_;
    }
    file_.look(asked, wanted);
    return true;
  } catch (const std::bad_alloc&) {
    return !asked;
  }
}

void AccessLogWriter::write_and_keep(std::string& buffer) {
  std::uint64_t failed = 0;
  try {
    failed = file_.write(buffer);
  } catch (const std::bad_alloc&) {  // not even for saying why
    failed = static_cast<std::uint64_t>(std::count(buffer.begin(), buffer.end(), '\n'));
  }
  const std::lock_guard lock(mutex_);
  if (failed != 0) {
    loss_ = {file_.output(), file_.last_error()};  // before the count: a reader that sees the count asks for this
    lost_.fetch_add(failed, std::memory_order_relaxed);
  }
  bytes_ -= buffer.size();
  buffer.clear();
  if (spares_.size() < spares_max && buffer.capacity() <= 2 * AccessLogBuffer::capacity)
    spares_.push_back(std::move(buffer));
}

}  // namespace frontdoor
