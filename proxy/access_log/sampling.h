// Which requests a sampled log may leave out: those that went well. Everything that somebody might look for is always
// there. Pure.

#pragma once

#include "base/time.h"
#include "proxy/access_log/access_log_format.h"

namespace frontdoor {

// Served at the first try by its upstream, without waiting, with no 5xx, and faster than `slow` (0 = however slowly).
inline bool may_be_left_out(const AccessRecord& record, Millis slow) {
  const bool fast = slow == Millis{0} || record.total_us < static_cast<std::uint64_t>(slow.count()) * 1'000;
  return fast && record.status < 500 && record.held_us == 0 && record.tries <= 1 && record.attempts.empty() &&
         record.detail.empty() && record.outcome == "served";  // not even our own answers: answered, redirected, no_route
}

// Each request for itself: of every tenth one, a client that sends ten kinds in turn would show one of them alone.
class Sampler {
 public:
  explicit Sampler(std::uint64_t seed) : state_(seed | 1) {}

  bool picks(double share) {
    state_ ^= state_ << 13;  // Marsaglia's xorshift
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return static_cast<double>(state_ >> 11) * 0x1.0p-53 < share;
  }

 private:
  std::uint64_t state_;
};

}  // namespace frontdoor
