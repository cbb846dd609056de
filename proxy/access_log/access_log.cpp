#include "proxy/access_log/access_log.h"

#include <time.h>

#include <new>
#include <utility>

#include "config/units.h"
#include "proxy/access_log/access_log_writer.h"

namespace frontdoor {
namespace {

std::int64_t unix_micros_now() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);  // no system call: the vDSO answers
  return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

AccessLineFormatter formatter_of(config::AccessLog::Format format, const std::vector<AccessField>& fields, double sample) {
  return AccessLineFormatter(format, fields, config::format_share(sample));
}

}  // namespace

AccessLog::AccessLog(const config::AccessLog& config, std::string& error, Log* events, Millis look_every)
    : off_(config.output == "off"),
      style_(std::make_shared<const Style>(config)),
      writer_(std::make_unique<AccessLogWriter>(lost_, failed_rotations_, events, look_every)) {
  error = writer_->open(config);
  if (!error.empty()) off_ = true;
  if (!off()) writer_->start();
}

AccessLog::~AccessLog() = default;

void AccessLog::apply(const config::AccessLog& config) {
  if (config.output != "off") writer_->start();  // throws when there is no thread for it, and then nothing has changed
  {
    auto style = std::make_shared<const Style>(config);
    const std::lock_guard lock(style_mutex_);
    style_ = std::move(style);
  }
  style_number_.fetch_add(1, std::memory_order_release);
  off_.store(config.output == "off", std::memory_order_relaxed);
  writer_->change(config);
}

std::shared_ptr<const AccessLog::Style> AccessLog::style() const {
  const std::lock_guard lock(style_mutex_);
  return style_;
}

bool AccessLog::reopen() { return writer_->reopen(); }

AccessLog::Loss AccessLog::last_loss() const { return writer_->last_loss(); }

AccessLogBuffer::AccessLogBuffer(AccessLog& log)
    : log_(log),
      style_number_(log.style_number_.load(std::memory_order_acquire)),
      style_(log.style()),
      formatter_(formatter_of(style_->format, style_->fields, style_->sample)),
      sampler_(static_cast<std::uint64_t>(unix_micros_now()) ^ reinterpret_cast<std::uintptr_t>(this)) {
  if (!log.off()) buffer_.reserve(capacity);
}

AccessLogBuffer::~AccessLogBuffer() { flush(); }

void AccessLogBuffer::append(const AccessRecord& record) {
  if (log_.off()) return;
  auto picked = AccessLineFormatter::Picked::Anyway;
  if (style_->sample < 1 && may_be_left_out(record, style_->slow)) {
    if (!sampler_.picks(style_->sample)) return;
    picked = AccessLineFormatter::Picked::ByChance;
  }
  const std::size_t before = buffer_.size();
  try {
    formatter_.append(record, unix_micros_now(), buffer_, picked);
  } catch (const std::bad_alloc&) {
    buffer_.resize(before);
    log_.lost_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  ++lines_;
  if (buffer_.size() >= handed_over_at) flush();
}

void AccessLogBuffer::refresh() {
  const std::uint64_t number = log_.style_number_.load(std::memory_order_acquire);
  if (number == style_number_) return;
  try {
    auto style = log_.style();
    formatter_ = formatter_of(style->format, style->fields, style->sample);
    style_ = std::move(style);
    style_number_ = number;
  } catch (const std::bad_alloc&) {
    // As it was, until the next flush.
  }
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
