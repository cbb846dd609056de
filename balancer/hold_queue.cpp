#include "balancer/hold_queue.h"

#include <algorithm>
#include <utility>

namespace frontdoor {

HoldQueue::Ticket HoldQueue::enter(Waiter& waiter, std::uint64_t bytes, const Limits& limits, Ticket again) {
  const std::lock_guard lock(mutex_);
  if (again != 0) {
    if (auto place = called_.extract(again); !place.empty()) settle_locked(waiting_.insert(std::move(place)).position);
    return again;
  }
  if (count_.load(std::memory_order_relaxed) >= limits.requests || bytes > limits.bytes - std::min(bytes_, limits.bytes))
    return 0;
  // Where there is no memory for a place nothing must have been counted, or newcomers would queue up behind nobody for ever.
  const auto place = waiting_.emplace(last_ + 1, Place{&waiter, bytes}).first;
  ++last_;
  bytes_ += bytes;
  // Sequentially consistent, as is the reader's side in Upstream::return_slot: either that thread sees this place, or
  // this one, which looks for capacity next, sees the slot that was given back.
  count_.fetch_add(1, std::memory_order_seq_cst);
  settle_locked(place);
  return last_;
}

void HoldQueue::leave(Ticket ticket, Left how) {
  const std::lock_guard lock(mutex_);
  auto place = waiting_.extract(ticket);
  const bool was_called = place.empty();
  if (was_called) place = called_.extract(ticket);
  if (place.empty()) return;
  const Call call = place.mapped().call;
  bytes_ -= place.mapped().bytes;
  count_.fetch_sub(1, std::memory_order_relaxed);
  switch (how) {
    case Left::UsedCall: call_locked(call == Call::Search ? 1 : 0, Call::Search); break;
    case Left::Empty: call_locked(was_called ? 1 : 0, call); break;
    case Left::FoundItself:
      call_locked(was_called ? 1 : 0, call);
      call_locked(1, Call::Search);
      break;
  }
  // The next to enter is the first, and looks for itself.
  if (called_.empty()) kept_calls_ = 0;
}

bool HoldQueue::first(Ticket ticket) const {
  const std::lock_guard lock(mutex_);
  return (waiting_.empty() || ticket <= waiting_.begin()->first) &&
         (called_.empty() || ticket <= called_.begin()->first);
}

void HoldQueue::call(std::size_t requests) {
  const std::lock_guard lock(mutex_);
  call_locked(requests, Call::Known);
}

void HoldQueue::call_locked(std::size_t requests, Call call) {
  if (requests == 0) return;
  ++calls_;
  std::size_t ahead = 0;
  for (; ahead < requests && !waiting_.empty(); ++ahead) call_next_locked(ahead, call);
  if (called_.empty() || ahead == requests) return;
  if (kept_calls_ == 0 || call == Call::Search) kept_ = call;
  kept_calls_ += std::min(requests - ahead, kAll - kept_calls_);
}

void HoldQueue::call_next_locked(std::size_t ahead, Call call) {
  auto place = waiting_.extract(waiting_.begin());
  Waiter& waiter = *place.mapped().waiter;
  place.mapped().called_at = calls_;
  place.mapped().call = call;
  called_.insert(std::move(place));
  waiter.called(ahead);
}

// Stays among those who wait, or is called at once if a call was kept: behind those that were called before it. A
// request that has looked in vain since the last call has seen that nothing is left of what was kept.
void HoldQueue::settle_locked(Places::iterator place) {
  const std::uint64_t called_at = place->second.called_at;
  if (called_.empty() || (called_at != 0 && called_at == calls_)) kept_calls_ = 0;
  if (kept_calls_ == 0) return;
  if (kept_calls_ != kAll) --kept_calls_;
  call_next_locked(called_.size(), kept_);  // nobody else waits while calls are kept
}

std::uint64_t HoldQueue::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace frontdoor
