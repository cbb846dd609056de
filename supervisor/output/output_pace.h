// How fast what apps write is read. Only a rate slows an app: one that floods waits for us, by the means of its full
// pipe; and a destination that is slow makes it wait no longer than the slow rate says, so that one that takes
// nothing at all never stops an app. One for each instance and one for all of them. Pure.

#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/time.h"

namespace frontdoor {

class OutputPace {
 public:
  // Per second; a line counts as kLineBytes more than it has, since it costs us that.
  struct Rates {
    double fast;  // while all that is read is also taken
    double slow;  // while a destination is behind
  };
  static constexpr std::size_t kLineBytes = 100;

  OutputPace(Rates rates, TimePoint now) : rates_(rates), at_(now), owed_(-rates.fast / 10) {}

  void read(std::size_t bytes, std::size_t lines, TimePoint now, bool behind) {
    pay(now, behind);
    owed_ += static_cast<double>(bytes + lines * kLineBytes);
  }

  // Until the next read.
  Duration wait(TimePoint now, bool behind) {
    pay(now, behind);
    if (owed_ <= 0) return Duration{};
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(owed_ / rate(behind)));
  }

 private:
  double rate(bool behind) const { return behind ? rates_.slow : rates_.fast; }

  // What was not used lately may be used at once, a tenth of a second's worth.
  void pay(TimePoint now, bool behind) {
    const double seconds = std::chrono::duration<double>(std::max(now - at_, Duration{})).count();
    owed_ = std::max(owed_ - seconds * rate(behind), -rate(behind) / 10);
    at_ = std::max(at_, now);
  }

  const Rates rates_;
  TimePoint at_;
  double owed_;
};

}  // namespace frontdoor
