// A timer in several short steps, each of which compares when it ran with when it was due.

#include "health/deadline.h"

#include <algorithm>
#include <utility>

namespace frontdoor {

Deadline::Deadline(const boost::asio::any_io_executor& executor, Duration tick,
                   std::function<void()> on_expiry)
    : timer_(executor), tick_(tick), on_expiry_(std::move(on_expiry)) {}

void Deadline::expire_at(TimePoint due) {
  const TimePoint now = Clock::now();
  worst_ = lateness(now);  // the tick that is replaced may be overdue
  due_ = due;
  expired_ = false;
  arm(now);
}

void Deadline::stop() {
  on_expiry_ = nullptr;
  next_tick_ = TimePoint::max();
  timer_.cancel();
}

Duration Deadline::lateness(TimePoint now) const { return std::max(worst_, now - next_tick_); }

void Deadline::arm(TimePoint now) {
  next_tick_ = std::min(due_, now + tick_);
  timer_.expires_at(next_tick_);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (!error && self && self->on_expiry_) self->on_tick(Clock::now());
  });
}

void Deadline::on_tick(TimePoint now) {
  if (now < next_tick_) return;  // a tick from before the deadline was moved
  worst_ = lateness(now);
  if (now < due_) return arm(now);
  next_tick_ = TimePoint::max();
  expired_ = true;
  on_expiry_();
}

}  // namespace frontdoor
