// When something that goes on happening is worth a line in the event log: the first time at once, and then
// one count for each interval in which it went on. Pure. Control thread.

#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"

namespace frontdoor {

class PacedCount {
 public:
  explicit PacedCount(Duration interval) : interval_(interval) {}

  // `total`: how often it has happened so far. How often since the last line, when one is due.
  std::optional<std::uint64_t> due(std::uint64_t total, TimePoint now) {
    if (total == known_ || now < next_) return std::nullopt;
    const std::uint64_t since = total - known_;
    known_ = total;
    next_ = now + interval_;
    return since;
  }

 private:
  const Duration interval_;
  std::uint64_t known_ = 0;
  TimePoint next_{};
};

}  // namespace frontdoor
