// How many retries a pool may make: a share of its requests of the last ten seconds, and never less than ten a second,
// so that a quiet pool may retry as well. Without a limit an overloaded pool would get its own failures back as more
// load. One for each pool, carried over reloads. Workers report how many requests they took from time to time; nothing
// here is touched per request. Any thread.

#pragma once

#include <array>
#include <cstdint>
#include <mutex>

#include "base/time.h"

namespace frontdoor {

class RetryBudget {
 public:
  void add_requests(std::uint64_t count, TimePoint now);

  bool left(double share, TimePoint now);
  void spend(TimePoint now);

 private:
  static constexpr std::int64_t kWindow = 10;          // seconds
  static constexpr std::uint64_t kFloor = 10 * kWindow;  // retries in a window

  struct Second {
    std::int64_t when = -1;
    std::uint64_t requests = 0;
    std::uint64_t retries = 0;
  };
  Second& second_of(TimePoint now);

  std::mutex mutex_;
  std::array<Second, kWindow> seconds_{};
};

}  // namespace frontdoor
