// When an instance that health takes for hung is to be replaced: when the verdict has lasted for the grace. It may have
// been a pause, and a dependency that hangs makes all of them look hung: a replacement that did not come up either is
// tried again later each time. Pure.

#pragma once

#include <algorithm>
#include <map>
#include <optional>

#include "base/time.h"

namespace frontdoor {

class HungWatch {
 public:
  static constexpr Millis kFirstPause{30'000};
  static constexpr Millis kLongestPause{600'000};

  // One look at a place. `since`: when it was taken for hung; nothing: it is not. True: replace it, once.
  bool look(unsigned number, std::optional<TimePoint> since, Millis grace, TimePoint now) {
    if (!since) {
      hung_.erase(number);
      return false;
    }
    if (grace == Millis{0} || now < *since + grace) return false;
    Hung& its = hung_[number];
    if (its.tries != 0 && now < its.next) return false;
    its.next = now + std::max<Duration>(grace, pause_after(its.tries));
    ++its.tries;
    return true;
  }

 private:
  struct Hung {
    unsigned tries = 0;
    TimePoint next{};
  };
  static Duration pause_after(unsigned tries) {
    return std::min<Duration>(kLongestPause, Duration{kFirstPause} * (1U << std::min(tries, 10U)));
  }

  std::map<unsigned, Hung> hung_;
};

}  // namespace frontdoor
