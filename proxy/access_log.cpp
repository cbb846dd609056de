// See access_log.h. The queue between workers and writer is bounded in bytes, and what the writer has in hand
// counts: a destination that stalls costs 8 MiB and then lines, never memory. Buffers go round: the worker
// that hands over a full one takes an empty one back, so that nothing is allocated in the steady state.

#include "proxy/access_log.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "proxy/log_destination.h"

namespace frontdoor {
namespace {

constexpr std::size_t queue_bytes_max = 8 * 1024 * 1024;
constexpr std::size_t spares_max = 16;
// A line with a huge target grows its buffer; such a one is not kept.
constexpr std::size_t buffer_capacity = AccessLogBuffer::handed_over_at + 4 * 1024;
constexpr auto drain_time = std::chrono::seconds{2};

std::int64_t unix_micros_now() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);  // no system call: the vDSO answers
  return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

std::string empty_buffer() {
  std::string buffer;
  buffer.reserve(buffer_capacity);
  return buffer;
}

}  // namespace

struct AccessLog::Impl {
  Impl(std::string file, std::atomic<std::uint64_t>& lost_lines) : path(std::move(file)), lost(lost_lines) {}

  // Workers. Takes `buffer` and gives an empty one for it; false when the queue is full.
  bool hand_over(std::string& buffer) {
    {
      const std::lock_guard lock(mutex);
      if (bytes + buffer.size() > queue_bytes_max) return false;
      bytes += buffer.size();
      queue.push_back(std::move(buffer));
      if (spares.empty()) {
        buffer = std::string();
      } else {
        buffer = std::move(spares.back());
        spares.pop_back();
      }
    }
    wake.notify_one();
    if (buffer.capacity() < buffer_capacity) buffer.reserve(buffer_capacity);
    return true;
  }

  void start() {
    // Signals are the control thread's; and a pipe without a reader must be an EPIPE here, not the end of the
    // program.
    sigset_t all, before;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    thread = std::thread([this] { run(); });
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    ::pthread_setname_np(thread.native_handle(), "access-log");
  }

  void stop() {
    destination.finish_by(Clock::now() + drain_time);
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    wake.notify_one();
    if (thread.joinable()) thread.join();
  }

  void run() {
    std::vector<std::string> batch;
    std::unique_lock lock(mutex);
    for (;;) {
      wake.wait(lock, [&] { return stopping || reopen_wanted || !queue.empty(); });
      if (queue.empty() && stopping) return;
      std::swap(batch, queue);
      const bool reopen_now = std::exchange(reopen_wanted, false);
      lock.unlock();

      // When it cannot be opened the old file goes on being written: a line in the wrong file beats none.
      if (reopen_now) destination.open(path);
      for (auto& buffer : batch) write_and_keep(buffer);

      batch.clear();
      lock.lock();
    }
  }

  void write_and_keep(std::string& buffer) {
    if (const auto failed = destination.write(buffer)) lost.fetch_add(failed, std::memory_order_relaxed);
    const std::lock_guard lock(mutex);
    bytes -= buffer.size();
    buffer.clear();
    if (spares.size() < spares_max && buffer.capacity() <= 2 * buffer_capacity)
      spares.push_back(std::move(buffer));
  }

  const std::string path;  // "" = borrowed
  std::atomic<std::uint64_t>& lost;
  LogDestination destination;  // the writer's, once it runs

  std::mutex mutex;
  std::condition_variable wake;
  std::vector<std::string> queue;
  std::vector<std::string> spares;
  std::size_t bytes = 0;  // queued or being written
  bool reopen_wanted = false;
  bool stopping = false;
  std::thread thread;
};

AccessLog::AccessLog(const config::AccessLog& config, std::string& error)
    : format_(config.format), sample_(config.sample) {
  error.clear();
  off_ = config.output == "off" || config.sample <= 0;
  if (off_) return;
  const bool to_path = config.output != "stdout" && config.output != "stderr";
  impl_ = std::make_unique<Impl>(to_path ? config.output : "", lost_);
  error = to_path ? impl_->destination.open(config.output)
                  : impl_->destination.borrow(config.output == "stdout" ? STDOUT_FILENO : STDERR_FILENO);
  if (!error.empty()) {
    off_ = true;
    impl_.reset();
    return;
  }
  impl_->start();
}

AccessLog::~AccessLog() {
  if (impl_) impl_->stop();
}

void AccessLog::reopen() {
  if (!impl_ || impl_->path.empty()) return;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->reopen_wanted = true;
  }
  impl_->wake.notify_one();
}

AccessLogBuffer::AccessLogBuffer(AccessLog& log) : log_(log), formatter_(log.format()) {
  if (!log.off()) buffer_ = empty_buffer();
}

AccessLogBuffer::~AccessLogBuffer() { flush(); }

void AccessLogBuffer::append(const AccessRecord& record) {
  if (log_.off()) return;
  due_ += log_.sample();
  if (due_ < 1) return;
  due_ -= 1;
  formatter_.append(record, unix_micros_now(), buffer_);
  ++lines_;
  if (buffer_.size() >= handed_over_at) flush();
}

void AccessLogBuffer::flush() {
  if (lines_ == 0) return;
  if (!log_.impl_->hand_over(buffer_)) {
    log_.lost_.fetch_add(lines_, std::memory_order_relaxed);
    buffer_.clear();
  }
  lines_ = 0;
}

}  // namespace frontdoor
