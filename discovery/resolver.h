// Keeps the endpoints of upstreams that are given by name up to date: resolved off the loop at start and
// every 30 s, sooner while a name does not resolve; both families, IPv4 first. When a name stops resolving
// the last good answer is kept; one that never resolved gets an empty list, which health takes for down.
// Numeric and unix addresses are set at once, without a look-up. Control thread.

#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>

#include "balancer/snapshot.h"
#include "base/log.h"
#include "discovery/name_lookup.h"

namespace frontdoor {

class Resolver {
 public:
  // `look_up` is called on threads of its own; tests bring their own names.
  Resolver(boost::asio::io_context& control, Log& log, Millis interval = std::chrono::seconds{30},
           NameLookups::LookUp look_up = look_up_name);
  ~Resolver();

  // Resolves every upstream of the snapshot that has no endpoints yet and keeps refreshing the named ones;
  // `resolved` is called once, on the control thread and not from within apply, when each has been tried for
  // the first time.
  void apply(std::shared_ptr<const Snapshot> snapshot, std::function<void()> resolved);
  void stop();  // does not wait for a look-up under way

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace frontdoor
