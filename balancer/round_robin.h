// Smooth weighted round robin over the members of one pool: 5/1/1 gives a a b a c a a, not a a a a a b c. One
// for each worker and pool, made anew for each snapshot; not shared. Decides only: who is eligible
// (available, not tried yet) is the caller's to say.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace frontdoor {

class RoundRobin {
 public:
  // Among equals the scan begins at `start`. Workers pass their number, or each would send its first request
  // to the same upstream after every reload.
  explicit RoundRobin(std::size_t start = 0) : start_(start) {}

  // The index of the next member, or nothing when none is eligible. `weight_of(i)` and `eligible(i)` are
  // asked once a pick at most; a weight of 0 is never picked. O(count); allocates only when the count has
  // changed, which restarts the rotation. Members that are skipped keep their place in it and return without
  // a burst.
  template <class WeightOf, class Eligible>
  std::optional<std::size_t> pick(std::size_t count, WeightOf&& weight_of, Eligible&& eligible) {
    if (count != credit_.size()) restart(count);

    std::int64_t total = 0;
    std::optional<std::size_t> best;
    for (std::size_t step = 0, i = first_; step < count; ++step, i = i + 1 == count ? 0 : i + 1) {
      const auto weight = static_cast<std::int64_t>(weight_of(i));
      if (weight <= 0 || !eligible(i)) continue;
      total += weight;
      credit_[i] += weight;
      if (!best || credit_[i] > credit_[*best]) best = i;
    }
    if (best) credit_[*best] -= total;
    return best;
  }

  // Forgets the rotation: the members or their weights are others now.
  void restart(std::size_t count) {
    credit_.assign(count, 0);
    first_ = count == 0 ? 0 : start_ % count;
  }

 private:
  std::size_t start_;
  std::size_t first_ = 0;
  std::vector<std::int64_t> credit_;
};

}  // namespace frontdoor
