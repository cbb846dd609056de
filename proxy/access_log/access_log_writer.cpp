#include "proxy/access_log/access_log_writer.h"

#include <pthread.h>
#include <unistd.h>

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
constexpr std::string_view off = "off";

bool is_path(const std::string& output) { return output != "stdout" && output != "stderr" && output != off; }

}  // namespace

std::string AccessLogWriter::open_destination(const std::string& output) {
  if (is_path(output)) return destination_.open(output);
  return destination_.borrow(output == "stdout" ? STDOUT_FILENO : STDERR_FILENO);
}

std::string AccessLogWriter::open(const std::string& output) {
  output_ = wanted_ = output;
  return output == off ? "" : open_destination(output);
}

bool AccessLogWriter::hand_over(std::string& buffer) {
  {
    const std::lock_guard lock(mutex_);
    if (bytes_ + buffer.size() > queue_bytes_max) {
      loss_ = {wanted_, "lines come faster than they can be written"};
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

void AccessLogWriter::change_output(const std::string& output) {
  {
    const std::lock_guard lock(mutex_);
    if (wanted_ == output) return;
    wanted_ = output;
    open_wanted_ = true;
  }
  if (output != off) start();
  wake_.notify_one();
}

bool AccessLogWriter::reopen() {
  {
    const std::lock_guard lock(mutex_);
    if (!is_path(wanted_)) return false;
    open_wanted_ = true;
  }
  wake_.notify_one();
  return true;
}

void AccessLogWriter::stop() {
  if (!thread_.joinable()) return;
  destination_.finish_by(Clock::now() + drain_time);
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
    std::string wanted;
    {
      const std::lock_guard lock(mutex_);
      wanted = wanted_;
    }
    see_to_file(asked, wanted);
    return true;
  } catch (const std::bad_alloc&) {
    return !asked;
  }
}

void AccessLogWriter::see_to_file(bool asked, const std::string& wanted) {
  if (wanted == off) {
    // Workers may still have lines from before: the file is let go at a look, by when they have come.
    if (!asked) {
      destination_.close();
      output_ = wanted;
      rotation_.opened();
    }
    return;
  }
  const bool moved = wanted == output_ && is_path(output_) && destination_.moved_from(output_);
  const LogRotation::Open why = rotation_.look(asked, moved);
  if (why == LogRotation::Open::No) return;
  // When it cannot be opened the old file goes on being written: a line in the wrong file beats none.
  if (const std::string reason = open_destination(wanted); !reason.empty()) {
    if (rotation_.failed(reason, why) && events_)
      events_->error(
          "access log not opened, trying again",
          {{"reason", reason},
           {"until_then", destination_.is_open() ? "lines go to the old file" : "lines are lost"}});
    return;
  }
  const bool another = std::exchange(output_, wanted) != wanted;
  rotation_.opened();
  if (!events_) return;
  if (why == LogRotation::Open::Moved)
    events_->warn("access log reopened",
                  {{"file", wanted}, {"reason", "the old file was renamed or removed"}});
  else
    events_->info(another ? "access log opened" : "access log reopened", {{"file", wanted}});
}

void AccessLogWriter::write_and_keep(std::string& buffer) {
  const std::uint64_t failed = destination_.write(buffer);
  const std::lock_guard lock(mutex_);
  if (failed != 0) {
    loss_ = {output_, destination_.last_error()};  // before the count: a reader that sees the count asks for this
    lost_.fetch_add(failed, std::memory_order_relaxed);
  }
  bytes_ -= buffer.size();
  buffer.clear();
  if (spares_.size() < spares_max && buffer.capacity() <= 2 * AccessLogBuffer::capacity)
    spares_.push_back(std::move(buffer));
}

}  // namespace frontdoor
