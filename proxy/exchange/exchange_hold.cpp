// What an exchange does while no upstream can take its request: it waits in its pool's queue, where a body is not read,
// instead of failing. See balancer/hold_queue.h for the order and balancer/hold_rules.h for the limits.

#include <algorithm>

#include "proxy/exchange/exchange.h"
#include "proxy/exchange/outcome.h"

namespace frontdoor {

Task<Exchange::Next> Exchange::hold() {
  // What was known of the pool when the request came may be history: the new configuration may have an upstream.
  if (!(snapshot_ == context_.snapshot)) co_return reroute();
  if (!worth_waiting()) co_return Next::Refuse;
  const Pool& pool = pool_->pool();
  const TimePoint began = now();
  if (hold_until_ == TimePoint{}) hold_until_ = began + pool.hold.timeout;

  HeldPlace place(context_.held, pool.memory, waker_);
  if (!place.enter(client_.buffered_bytes() + body_.kept(), {pool.hold.max_requests, pool.hold.max_bytes}))
    co_return refuse_with(503, outcome::kHoldFull);
  if (tally_.held_for == Duration{}) pool.memory->traffic.add_held();  // the first time
  holding_ = true;
  detail_ = "";  // it is no longer about the last attempt
  RequestSlots& counts = *counts_;  // of the pool that it waits for, whatever a reload makes of it meanwhile
  const Next next = co_await wait_for_upstream(place);
  holding_ = false;
  tally_.held_for += now() - began;
  counts.hold_wait.add(now() - began);
  if (next != Next::Forward) counts.holds.add(outcome_);
  else counts.holds.add(attempt_.under_way() ? "released" : "rerouted");
  co_return next;
}

// False: it is answered at once instead.
bool Exchange::worth_waiting() {
  pool_->pool().memory->sleep.request_waits();
  const PoolOutlook outlook = pool_->pool().outlook(now());
  retry_after_ = retry_after_seconds(outlook);
  if (worth_holding(outlook, pool_->pool().hold)) return true;
  refuse_with(503, outlook.up ? outcome::kPoolSaturated : outcome::kNoUpstream);
  return false;
}

Task<Exchange::Next> Exchange::wait_for_upstream(HeldPlace& place) {
  for (;;) {
    // A client that has sent a FIN may only have half-closed; but most have left, and none waits behind those in vain.
    if (client_.gone() || client_.finished()) co_return client_left();
    if (context_.held.ended()) co_return refuse_with(503, outcome::kDrained);
    if (!(snapshot_ == context_.snapshot)) {
      const Next next = reroute();
      // In the queue of the same pool it keeps its place: a reload lets nobody overtake.
      if (next != Next::Forward || pool_->pool().memory.get() != &place.pool()) co_return next;
      if (!worth_waiting()) co_return Next::Refuse;
    }
    if (must_spare_the_last()) co_return Next::Forward;  // which contains it, and keeps no place in the queue
    // Once more after going back to its place: a slot that is given back from then on calls it, and one from before is seen now.
    for (int look = 0; look < 2 && place.may_try(now()); ++look) {
      if (pick_upstream()) {
        place.took_capacity();
        co_return Next::Forward;
      }
      place.wait_again();
    }
    if (now() >= request_deadline()) co_return request_timed_out();
    if (now() >= hold_until_) {
      retry_after_ = retry_after_seconds(pool_->pool().outlook(now()));
      co_return refuse_with(503, outcome::kHoldTimeout);
    }
    const TimePoint deadline = std::min({hold_until_, place.let_go_at(), request_deadline()});
    co_await waker_.until(deadline);
  }
}

// The configuration has changed while the request waited: nothing of it is with an upstream, so it goes by the new one.
Exchange::Next Exchange::reroute() {
  snapshot_ = context_.snapshot;
  route_ = nullptr;
  pool_ = nullptr;
  counts_ = nullptr;
  attempt_.upstream = nullptr;  // and those below belong to the old snapshot
  attempts_.forget_upstreams();
  return route();
}

}  // namespace frontdoor
