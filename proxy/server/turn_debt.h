// Whether a worker's loop turns: it is asked for a sign of life, and owes it until then. One thread asks, for all who want to
// know, so that a debt is as old as its question and not as the last look.

#pragma once

#include <atomic>
#include <cstdint>

#include "base/time.h"

namespace frontdoor {

class TurnDebt {
 public:
  // The thread that asks.
  bool open() const { return turned_.load(std::memory_order_relaxed) != asked_; }
  void asked(TimePoint now) {
    ++asked_;
    asked_at_ = now;
  }
  bool older_than(Duration age, TimePoint now) const { return open() && now - asked_at_ >= age; }

  // The worker.
  void turned() { turned_.fetch_add(1, std::memory_order_relaxed); }

 private:
  std::uint64_t asked_ = 0;
  TimePoint asked_at_{};
  std::atomic<std::uint64_t> turned_{0};
};

}  // namespace frontdoor
