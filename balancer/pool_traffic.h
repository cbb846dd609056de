// What became of a pool's requests, counted since the front door began: read before and after something to tell what it
// has cost. Values, and the counts themselves: any thread. Nothing here is touched by a request that goes well; workers
// add their requests from time to time.

#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace frontdoor {

struct PoolTraffic {
  std::uint64_t requests = 0;  // that came for it; some tenths of a second late
  std::uint64_t held = 0;      // that had to wait for an upstream
  std::uint64_t replayed = 0;  // times that one was sent again
  std::uint64_t lost = 0;      // that got a 5xx of ours, or a cut answer
  std::uint64_t left = 0;      // whose client went away

  std::uint64_t served() const { return requests - std::min(requests, lost + left); }
  PoolTraffic since(const PoolTraffic& before) const {
    const auto more = [](std::uint64_t now, std::uint64_t then) { return now - std::min(now, then); };
    return {more(requests, before.requests), more(held, before.held), more(replayed, before.replayed),
            more(lost, before.lost), more(left, before.left)};
  }
  bool operator==(const PoolTraffic&) const = default;
};

class PoolTrafficCounts {
 public:
  void add_requests(std::uint64_t count) { requests_.fetch_add(count, std::memory_order_relaxed); }
  void add_held() { held_.fetch_add(1, std::memory_order_relaxed); }
  void add_replayed() { replayed_.fetch_add(1, std::memory_order_relaxed); }
  void add_lost() { lost_.fetch_add(1, std::memory_order_relaxed); }
  void add_left() { left_.fetch_add(1, std::memory_order_relaxed); }

  PoolTraffic read() const {
    const auto get = [](const std::atomic<std::uint64_t>& count) { return count.load(std::memory_order_relaxed); };
    return {get(requests_), get(held_), get(replayed_), get(lost_), get(left_)};
  }

 private:
  std::atomic<std::uint64_t> requests_{0};
  std::atomic<std::uint64_t> held_{0};
  std::atomic<std::uint64_t> replayed_{0};
  std::atomic<std::uint64_t> lost_{0};
  std::atomic<std::uint64_t> left_{0};
};

}  // namespace frontdoor
