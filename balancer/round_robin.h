// Smooth weighted round robin over the members of one pool: 5/1/1 gives a a b a c a a, not a a a a a b c. One
// for each worker and pool; a new snapshot's goes on where that of the old one stood. Not shared. Decides only: who is
// eligible (available, not tried yet) is the caller's to say.

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
  // to the same upstream.
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

  // How far member `i` is ahead of its turn or behind it; 0 before the first pick.
  std::int64_t credit(std::size_t i) const { return i < credit_.size() ? credit_[i] : 0; }

  // Goes on with the credits that members had in an earlier rotation, in the order of the new members; nothing for
  // one that is new. A new one starts in the middle of the others, so that none gets a burst or waits for one.
  void resume(const std::vector<std::optional<std::int64_t>>& credits, std::int64_t total_weight) {
    restart(credits.size());
    std::int64_t sum = 0;
    std::int64_t known = 0;
    for (const auto& credit : credits) {
      sum += credit.value_or(0);
      known += credit ? 1 : 0;
    }
    if (known == 0) return;
    for (std::size_t i = 0; i < credits.size(); ++i)  // no rotation of these weights leaves a credit beyond their sum
      if (credits[i]) credit_[i] = std::clamp(*credits[i] - sum / known, -total_weight, total_weight);
  }

  // Forgets the rotation.
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
