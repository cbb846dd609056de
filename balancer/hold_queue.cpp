#include "balancer/hold_queue.h"

#include <algorithm>
#include <utility>

namespace frontdoor {

HoldQueue::Ticket HoldQueue::enter(Waiter& waiter, std::uint64_t bytes, const Limits& limits, Ticket again) {
  const std::lock_guard lock(mutex_);
  if (again != 0) {
    auto place = called_.extract(again);
    if (!place.empty()) waiting_.insert(std::move(place));
    return again;
  }
  if (count_.load(std::memory_order_relaxed) >= limits.requests || bytes > limits.bytes - std::min(bytes_, limits.bytes))
    return 0;
  waiting_.emplace_hint(waiting_.end(), ++last_, Place{&waiter, bytes});
  bytes_ += bytes;
  // Sequentially consistent, as is the reader's side in Upstream::return_slot: either that thread sees this place, or
  // this one, which looks for capacity next, sees the slot that was given back.
  count_.fetch_add(1, std::memory_order_seq_cst);
  return last_;
}

void HoldQueue::leave(Ticket ticket, Left how) {
  const std::lock_guard lock(mutex_);
  auto place = waiting_.extract(ticket);
  const bool was_called = place.empty();
  if (was_called) place = called_.extract(ticket);
  if (place.empty()) return;
  bytes_ -= place.mapped().bytes;
  count_.fetch_sub(1, std::memory_order_relaxed);
  switch (how) {
    case Left::UsedCall: break;
    case Left::Empty: call_locked(was_called ? 1 : 0); break;
    case Left::FoundItself: call_locked(was_called ? 2 : 1); break;
  }
}

bool HoldQueue::first(Ticket ticket) const {
  const std::lock_guard lock(mutex_);
  return waiting_.empty() || ticket <= waiting_.begin()->first;
}

void HoldQueue::call(std::size_t requests) {
  const std::lock_guard lock(mutex_);
  call_locked(requests);
}

void HoldQueue::call_locked(std::size_t requests) {
  for (std::size_t ahead = 0; ahead < requests && !waiting_.empty(); ++ahead) {
    auto place = waiting_.extract(waiting_.begin());
    Waiter& waiter = *place.mapped().waiter;
    called_.insert(std::move(place));
    waiter.called(ahead);
  }
}

std::uint64_t HoldQueue::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace frontdoor
