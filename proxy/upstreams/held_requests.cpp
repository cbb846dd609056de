#include "proxy/upstreams/held_requests.h"

#include <new>
#include <utility>

#include "balancer/hold_rules.h"

namespace frontdoor {

void HeldRequests::wake_all() {
  for (const auto& [number, place] : places_) place->waker_.wake();
}

void HeldRequests::end() {
  ended_ = true;
  wake_all();
}

void HeldRequests::called(std::uint64_t number, std::size_t ahead) {
  const auto found = places_.find(number);
  if (found == places_.end()) return;  // it left before it could hear the call, and has passed it on
  HeldPlace& place = *found->second;
  place.let_go_at_ = loop_.now() + ramp_delay(ahead);
  place.waker_.wake();
}

HeldPlace::HeldPlace(HeldRequests& held, std::shared_ptr<PoolMemory> pool, Waker& waker)
    : held_(held), pool_(std::move(pool)), waker_(waker), number_(++held.last_number_) {
  held_.places_.emplace(number_, this);
}

HeldPlace::~HeldPlace() {
  if (ticket_ != 0) pool_->held.leave(ticket_, left_);
  held_.places_.erase(number_);
}

bool HeldPlace::enter(std::uint64_t bytes, const HoldQueue::Limits& limits) {
  ticket_ = pool_->held.enter(*this, bytes, limits);
  return ticket_ != 0;
}

bool HeldPlace::may_try(TimePoint now) const {
  return let_go_at_ != Waker::kNever ? now >= let_go_at_ : pool_->held.first(ticket_);
}

void HeldPlace::took_capacity() {
  left_ = let_go_at_ != Waker::kNever ? HoldQueue::Left::UsedCall : HoldQueue::Left::FoundItself;
}

void HeldPlace::wait_again() {
  let_go_at_ = Waker::kNever;
  pool_->held.enter(*this, 0, {}, ticket_);
}

void HeldPlace::called(std::size_t ahead) {
  try {
    held_.loop_.post([&held = held_, number = number_, ahead] { held.called(number, ahead); });
  } catch (const std::bad_alloc&) {
    // It looks again when its time is over. The caller may be ending an exchange, and must not fail for it.
  }
}

}  // namespace frontdoor
