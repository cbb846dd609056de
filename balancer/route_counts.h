// How many requests a route has taken. A slot for each worker, which that one alone writes, with a plain store; anybody sums.
// Kept by the route's host, path and pool over reloads.

#pragma once

#include <cstdint>
#include <vector>

#include "base/single_writer_count.h"

namespace frontdoor {

class RouteCounts {
 public:
  explicit RouteCounts(unsigned workers) : by_worker_(workers) {}

  void add(unsigned worker) noexcept { by_worker_[worker].requests.add(); }
  std::uint64_t requests() const {
    std::uint64_t sum = 0;
    for (const Slot& slot : by_worker_) sum += slot.requests.get();
    return sum;
  }

 private:
  struct alignas(64) Slot {
    SingleWriterCount requests;
  };
  std::vector<Slot> by_worker_;
};

}  // namespace frontdoor
