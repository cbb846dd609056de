#include "proxy/access_log/access_log.h"

#include <time.h>

#include <new>

#include "proxy/access_log/access_log_writer.h"

namespace frontdoor {
namespace {

std::int64_t unix_micros_now() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);  // no system call: the vDSO answers
  return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

bool is_off(const config::AccessLog& config) { return config.output == "off" || config.sample <= 0; }

}  // namespace

AccessLog::AccessLog(const config::AccessLog& config, std::string& error, Log* events, Millis look_every)
    : off_(is_off(config)),
      format_(config.format),
      sample_(config.sample),
      writer_(std::make_unique<AccessLogWriter>(lost_, events, look_every)) {
  error = writer_->open(off() ? "off" : config.output);
  if (!error.empty()) off_ = true;
  if (!off()) writer_->start();
}

AccessLog::~AccessLog() = default;

void AccessLog::apply(const config::AccessLog& config) {
  format_.store(config.format, std::memory_order_relaxed);
  sample_.store(config.sample, std::memory_order_relaxed);
  off_.store(is_off(config), std::memory_order_relaxed);
  writer_->change_output(off() ? "off" : config.output);
}

bool AccessLog::reopen() { return writer_->reopen(); }

AccessLog::Loss AccessLog::last_loss() const { return writer_->last_loss(); }

AccessLogBuffer::AccessLogBuffer(AccessLog& log) : log_(log), formatter_(log.format()) {
  if (!log.off()) buffer_.reserve(capacity);
}

AccessLogBuffer::~AccessLogBuffer() { flush(); }

void AccessLogBuffer::append(const AccessRecord& record) {
  if (log_.off()) return;
  due_ += log_.sample();
  if (due_ < 1) return;
  due_ -= 1;
  const std::size_t before = buffer_.size();
  try {
    formatter_.append(record, unix_micros_now(), buffer_);
  } catch (const std::bad_alloc&) {
    buffer_.resize(before);
    log_.lost_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  ++lines_;
  if (buffer_.size() >= handed_over_at) flush();
}

void AccessLogBuffer::refresh() {
  if (formatter_.format() != log_.format()) formatter_ = AccessLineFormatter(log_.format());
}

void AccessLogBuffer::flush() {
  refresh();
  if (lines_ == 0) return;
  bool taken = false;
  try {
    taken = log_.writer_->hand_over(buffer_);
  } catch (const std::bad_alloc&) {
    // As with a full queue: lines are lost, and counted.
  }
  if (!taken) {
    log_.lost_.fetch_add(lines_, std::memory_order_relaxed);
    buffer_.clear();
  }
  lines_ = 0;
  try {
    if (buffer_.capacity() < capacity) buffer_.reserve(capacity);
  } catch (const std::bad_alloc&) {
    // It grows line by line then.
  }
}

}  // namespace frontdoor
