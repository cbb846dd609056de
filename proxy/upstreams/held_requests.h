// The requests of one worker that wait in the hold queues of their pools, and the way back to them: a queue calls on
// any thread, the call is posted to the worker and finds its request by a number, if it is still there.
// One worker.

#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "balancer/pool_memory.h"
#include "loop/event_loop.h"
#include "loop/waker.h"

namespace frontdoor {

class HeldPlace;

class HeldRequests {
 public:
  explicit HeldRequests(EventLoop& loop) : loop_(loop) {}

  void wake_all();  // the configuration has changed
  void end();       // of a drain: requests that wait now, or would have to, are told to come back
  bool ended() const { return ended_; }
  std::size_t size() const { return places_.size(); }

 private:
  friend class HeldPlace;
  void called(std::uint64_t number, std::size_t ahead);

  EventLoop& loop_;
  std::uint64_t last_number_ = 0;
  bool ended_ = false;
  std::unordered_map<std::uint64_t, HeldPlace*> places_;
};

// One request's place, from enter() to its end; leaves the queue with it.
class HeldPlace final : private HoldQueue::Waiter {
 public:
  HeldPlace(HeldRequests& held, std::shared_ptr<PoolMemory> pool, Waker& waker);
  ~HeldPlace();
  HeldPlace(const HeldPlace&) = delete;
  HeldPlace& operator=(const HeldPlace&) = delete;

  const PoolMemory& pool() const { return *pool_; }

  bool enter(std::uint64_t bytes, const HoldQueue::Limits& limits);  // false: the queue is full
  // Whether it is this request's turn to look for capacity: it was called, or nobody has waited longer.
  bool may_try(TimePoint now) const;
  void wait_again();          // there was none
  void took_capacity();
  TimePoint let_go_at() const { return let_go_at_; }  // when a call takes effect; Waker::kNever = not called

 private:
  friend class HeldRequests;
  void called(std::size_t ahead) override;  // any thread

  HeldRequests& held_;
  const std::shared_ptr<PoolMemory> pool_;
  Waker& waker_;
  const std::uint64_t number_;
  HoldQueue::Ticket ticket_ = 0;
  HoldQueue::Left left_ = HoldQueue::Left::Empty;
  TimePoint let_go_at_ = Waker::kNever;
};

}  // namespace frontdoor
