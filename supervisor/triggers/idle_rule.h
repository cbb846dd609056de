// Whether a pool has been without requests for so long that its instances may stop. Pure: no clock.

#pragma once

#include <cstdint>

#include "base/time.h"

namespace frontdoor {

struct IdleLook {
  bool settled = false;        // all instances are up, and nothing is being done with them
  std::uint64_t requests = 0;  // that have come so far
  std::uint64_t open = 0;      // that are with an instance or wait for one now: streams and WebSockets, too
};

class IdleRule {
 public:
  explicit IdleRule(Duration after) : after_(after) {}

  void set(Duration after) { after_ = after; }
  // A pool that is being rolled, or whose instances crash, is left alone, and has its whole time again afterwards.
  bool look(const IdleLook& look, TimePoint now) {
    const bool quiet = begun_ && look.settled && look.open == 0 && look.requests == requests_;
    // Since the first look that found it so. A stream may have ended, and an instance come up, just before that one.
    if (!quiet || !was_quiet_) quiet_since_ = now;
    was_quiet_ = quiet;
    begun_ = true;
    requests_ = look.requests;
    return quiet && now - quiet_since_ >= after_;
  }
  void begin_anew() { begun_ = was_quiet_ = false; }

 private:
  Duration after_;
  bool begun_ = false;
  bool was_quiet_ = false;
  std::uint64_t requests_ = 0;
  TimePoint quiet_since_{};
};

}  // namespace frontdoor
