#include "supervisor/triggers/memory_limit.h"

#include <algorithm>
#include <chrono>

namespace frontdoor {

namespace {

constexpr unsigned kLooks = 2;  // a peak that is over at the next look is no leak
constexpr Duration kSoon = std::chrono::minutes(1);
constexpr Duration kShortest = std::chrono::seconds(10);
constexpr Duration kLongest = std::chrono::hours(1);

Duration pause_after(unsigned times) {
  Duration pause = kShortest;
  for (unsigned i = 1; i < times && pause < kLongest; ++i) pause *= 2;
  return std::min(pause, kLongest);
}

}  // namespace

void MemoryLimit::set_limit(std::uint64_t limit) {
  if (limit == limit_) return;
  limit_ = limit;
  seen_.clear();
  in_vain_ = 0;
  failed_ = false;
  not_before_ = {};
}

std::optional<MemoryLimit::Verdict> MemoryLimit::look(std::span<const MemoryLook> instances, TimePoint now) {
  const MemoryLook* worst = nullptr;
  std::map<unsigned, Seen> seen;
  for (const MemoryLook& look : instances) {
    Seen& one = seen[look.number];
    one.starts = look.starts;
    if (look.bytes <= limit_) continue;
    const auto before = seen_.find(look.number);
    const bool same_life = before != seen_.end() && before->second.starts == look.starts;
    one.looks_over = (same_life ? before->second.looks_over : 0) + 1;
    if (one.looks_over >= kLooks && (!worst || look.bytes > worst->bytes)) worst = &look;
  }
  seen_ = std::move(seen);
  if (!worst || replacing_ || now < not_before_) return std::nullopt;

  replacing_ = true;
  const bool soon = worst->lived < kSoon;
  if (soon) ++in_vain_;
  if (!soon && !failed_) in_vain_ = 0;
  const bool too_low = soon && in_vain_ > 1;  // one may have had a bad day
  pause_ = too_low ? pause_after(in_vain_ - 1) : Duration{};
  return Verdict{worst->number, worst->bytes, too_low, pause_};
}

void MemoryLimit::replaced(bool succeeded, TimePoint now) {
  replacing_ = false;
  failed_ = !succeeded;
  if (failed_) pause_ = pause_after(++in_vain_);
  not_before_ = now + pause_;
}

}  // namespace frontdoor
