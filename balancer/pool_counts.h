// What each worker counts of a pool's requests: slots that this worker alone writes, with plain stores, and anybody sums.
// Kept with the pool's memory over reloads, so that no counter goes down. One of a worker's own, which belongs to no
// pool, counts what is refused before a route is known.

#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "observe/totals.h"

namespace frontdoor {

// Requests of one listener, by protocol and class of status.
struct RequestCounts {
  std::array<CodeCounts, kClientProtocols> by_protocol{};
};

// How many listeners are told apart, over all the reloads of a process's life. What comes by others is told together.
inline constexpr std::size_t kListenersTold = 4'096;

class alignas(64) RequestSlots {
 public:
  RequestSlots() = default;
  ~RequestSlots();
  RequestSlots(const RequestSlots&) = delete;
  RequestSlots& operator=(const RequestSlots&) = delete;

  // The worker's own. A request ends in any case, so nothing here may fail.
  void count(std::size_t listener, std::size_t protocol, std::uint16_t status) noexcept {
    of(listener).by_protocol[protocol].add(status);
  }

  LatencyCount duration;
  LatencyCount connect;
  LatencyCount response;
  LatencyCount hold_wait;
  WordCounts<12> holds;
  WordCounts<24> retries;
  WordCounts<32> retries_denied;
  WordCounts<64> own_answers;
  WordCounts<32> unfinished;

  // Any thread. `names`: of the listeners, by their numbers.
  void add_requests_to(std::vector<RequestTotals>& totals, const std::vector<std::string>& names) const;

 private:
  // Most pools are reached by one listener: the others' are made when they are needed first.
  static constexpr std::size_t kAtHand = 64;
  using Places = std::array<std::atomic<RequestCounts*>, kAtHand>;

  RequestCounts& of(std::size_t listener) noexcept {
    if (listener >= kAtHand) return of_far(listener);
    RequestCounts* const known = at_hand_[listener].load(std::memory_order_relaxed);
    return known ? *known : make(at_hand_[listener]);
  }
  RequestCounts& of_far(std::size_t listener) noexcept;
  RequestCounts& make(std::atomic<RequestCounts*>& place) noexcept;
  template <class Visit>
  void for_each_place(Visit visit) const;

  Places at_hand_{};
  std::array<std::atomic<Places*>, kListenersTold / kAtHand> far_{};  // the first is not used; null: nobody has come by these
  RequestCounts others_;  // and of those for which there was no memory
};

class PoolCounts {
 public:
  // This worker's, made the first time; lives as long as this. Any thread, when a snapshot is taken over.
  RequestSlots& of_worker(unsigned worker);

  // All workers together: fills what a PoolTotals has of requests. Any thread.
  void add_to(PoolTotals& totals, const std::vector<std::string>& listeners) const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<RequestSlots>> by_worker_;  // null: it has not asked
};

}  // namespace frontdoor
