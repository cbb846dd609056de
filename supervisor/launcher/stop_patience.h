// How long the launcher waits for a front door that was told to stop. One that hangs, or that somebody has stopped, would
// else hold up the end for ever. Pure.

#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "base/time.h"

namespace frontdoor {

class StopPatience {
 public:
  // Told to stop; again: whoever asks a second time does not want to wait for what is in progress.
  void told(TimePoint now, Millis within) {
    if (told_at_) hurried_ = true;
    else told_at_ = now;
    over_at_ = std::min(over_at_, now + within);
  }
  void has_been_killed() { over_at_ = TimePoint::max(); }

  bool began() const { return told_at_.has_value(); }
  bool hurried() const { return hurried_; }
  TimePoint over_at() const { return over_at_; }
  Millis waited(TimePoint now) const {
    return told_at_ ? std::chrono::duration_cast<Millis>(now - *told_at_) : Millis{0};
  }

 private:
  std::optional<TimePoint> told_at_;
  bool hurried_ = false;
  TimePoint over_at_ = TimePoint::max();
};

}  // namespace frontdoor
