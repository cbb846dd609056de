// Keeps the addresses of names up to date: asks for each at once, then when its TTL ends (between 1 s and 30
// s), sooner while it does not resolve. What goes wrong never takes an address away: the last good answer is
// kept. The builder of snapshots is told of changes and takes the table. Control thread.

#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "balancer/name_addresses.h"
#include "balancer/snapshot.h"
#include "base/log.h"
#include "config/config.h"
#include "discovery/name_rules.h"

namespace frontdoor {

class Resolver {
 public:
  // Calls back later, on the control thread; NameLookups::start, or a test's own.
  using LookUp = std::function<void(const std::string& host, std::function<void(const NameAnswer&)> done)>;
  struct Options {
    NamePace pace = {};
    Routable routable;  // empty: every address is
  };

  // `changed` is called on the control thread and not from within follow(), once for all that changed
  // together.
  Resolver(boost::asio::io_context& control, Log& log, LookUp look_up, std::function<void()> changed,
           Options options);
  ~Resolver();

  // The names of this config from now on. Those known before keep what is known.
  void follow(const config::Config& config);
  const NameAddresses& addresses() const;
  // Asks again soon, and for a while, when one of these upstreams goes down and has its address from a name.
  void watch(const Snapshot& snapshot);
  void stop();  // answers that are still to come are dropped

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace frontdoor
