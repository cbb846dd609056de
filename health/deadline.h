// The time limit of one probe, and at the same time the measure of how late the control loop runs: it ticks
// several times on the way, and each tick knows when it was due. Control thread.

#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>

#include "base/time.h"

namespace frontdoor {

class Deadline : public std::enable_shared_from_this<Deadline> {
 public:
  // Held by shared_ptr, since a tick that is already queued outlives its probe.
  Deadline(const boost::asio::any_io_executor& executor, Duration tick, std::function<void()> on_expiry);

  void expire_at(TimePoint due);  // starts, or moves it
  void stop();                    // `on_expiry` is not called from here on

  bool expired() const { return expired_; }
  Duration lateness(TimePoint now) const;  // at worst, since the start

 private:
  void arm(TimePoint now);
  void on_tick(TimePoint now);

  boost::asio::steady_timer timer_;
  const Duration tick_;
  std::function<void()> on_expiry_;
  TimePoint due_{};
  TimePoint next_tick_ = TimePoint::max();
  Duration worst_{};
  bool expired_ = false;
};

}  // namespace frontdoor
