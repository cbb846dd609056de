// Where the requests of a pool wait while nothing can take them: no upstream is up, or all have as many as they may.
// First come, first served over all workers. One for each pool, carried over reloads; the lock is only taken when a
// request must wait, when an upstream comes up and when somebody waits for the slot that a request gives back.
//
//   enter ──► waiting ── call (capacity has come) ──► called ── leave
//               ▲                                       │
//               └────── enter again, at the old place ──┘   (it was taken by another after all)
//
// No wake-up is lost: a waiter enters first and looks for capacity afterwards; capacity is made first, and the next one
// called afterwards; a waiter that finds some without having been called, or leaves without using what it was called
// for, calls the next. A call that finds nobody to call, while some who were called are still on their way, is kept for
// the next one that enters: that one must not look by itself, or it would overtake them.
// tests/balancer/hold_queue_test.cpp goes through the interleavings.
// Any thread.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>

namespace frontdoor {

class HoldQueue {
 public:
  using Ticket = std::uint64_t;  // a place in the order of arrival; 0 = none

  class Waiter {
   public:
    // Capacity has come: try again. `ahead`: how many were called in the same moment before this one, so that they
    // need not all fall upon an upstream that has only just come up. Runs on any thread with the queue locked.
    virtual void called(std::size_t ahead) = 0;

   protected:
    ~Waiter() = default;
  };

  struct Limits {
    std::uint64_t requests = 0;
    std::uint64_t bytes = 0;
  };

  // The end of the queue, or the place that `again` had before. 0: full (never when coming again). `bytes`: memory
  // that the request keeps.
  Ticket enter(Waiter& waiter, std::uint64_t bytes, const Limits& limits, Ticket again = 0);

  enum class Left : std::uint8_t {
    Empty,        // without any capacity
    UsedCall,     // with that which it was called for
    FoundItself,  // with some that it found uncalled; there may be more
  };
  void leave(Ticket ticket, Left how);

  // Whether nobody has waited longer, those included who were called and have not come yet: only then may a request
  // look for capacity that it was not called for.
  bool first(Ticket ticket) const;

  // Whether anybody waits, or was called and has not come yet. Newcomers then queue up behind. The hot path's only
  // question: one load. Sequentially consistent, see enter().
  bool occupied() const { return count_.load(std::memory_order_seq_cst) != 0; }

  // So many requests more can be taken: calls those that have waited longest.
  static constexpr std::size_t kAll = static_cast<std::size_t>(-1);
  void call(std::size_t requests);

  std::size_t size() const { return count_.load(std::memory_order_relaxed); }
  std::uint64_t bytes() const;

 private:
  // Known: for capacity that somebody has made. Search: somebody has found some uncalled, so that there may be more;
  // whoever finds more lets the next one search.
  enum class Call : std::uint8_t { Known, Search };
  struct Place {
    Waiter* waiter = nullptr;
    std::uint64_t bytes = 0;
    std::uint64_t called_at = 0;  // calls_ then
    Call call = Call::Known;
  };
  using Places = std::map<Ticket, Place>;

  void call_locked(std::size_t requests, Call call);
  void call_next_locked(std::size_t ahead, Call call);
  void settle_locked(Places::iterator place);  // which has just been put among those who wait

  mutable std::mutex mutex_;
  Places waiting_;
  Places called_;
  std::uint64_t bytes_ = 0;
  Ticket last_ = 0;
  std::uint64_t calls_ = 0;     // how often somebody has called
  std::size_t kept_calls_ = 0;  // only while some were called and nobody else waits
  Call kept_ = Call::Known;     // Search, if one of them is
  std::atomic<std::size_t> count_{0};  // of both
};

}  // namespace frontdoor
