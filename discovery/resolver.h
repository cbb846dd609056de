// Keeps the endpoints of upstreams that are given by name up to date: resolved off the loop at start and every 30 s,
// both families tried. When a name stops resolving the last good answer is kept; one that never resolved is an
// upstream that is down with that reason. Numeric and unix addresses are set at once, without a look-up.
// Control thread.

#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>

#include "balancer/snapshot.h"
#include "base/log.h"

namespace frontdoor {

class Resolver {
 public:
  Resolver(boost::asio::io_context& control, Log& log, std::chrono::seconds interval = std::chrono::seconds{30});
  ~Resolver();

  // Resolves every upstream of the snapshot that has no endpoints yet and keeps refreshing the named ones;
  // `resolved` is called once, on the control thread, when each has been tried for the first time.
  void apply(std::shared_ptr<const Snapshot> snapshot, std::function<void()> resolved);
  void stop();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace frontdoor
