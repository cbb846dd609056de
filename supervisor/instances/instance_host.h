// What the supervisor needs of the rest of the program, which it does not know: implemented where everything
// is wired. Control thread.

#pragma once

#include <memory>
#include <string>

#include "balancer/instance_addresses.h"
#include "balancer/pool_memory.h"
#include "balancer/pool_traffic.h"
#include "balancer/upstream.h"

namespace frontdoor {

class Instance;

class InstanceHost {
 public:
  virtual ~InstanceHost() = default;
  // These are the members now: they are upstreams of their pools when this returns.
  virtual void instances_changed(const InstanceAddresses& instances) = 0;
  // Null: it is no member (any more).
  virtual std::shared_ptr<Upstream> upstream_of(const InstanceAddress& instance) = 0;
  // Of the pool, so far.
  virtual PoolTraffic traffic_of(const std::string& pool) = 0;
  // What its requests share; null: there is no such pool (any more).
  virtual std::shared_ptr<PoolMemory> memory_of(const std::string&) { return nullptr; }
  virtual void probe_now(const Upstream& upstream) = 0;
  // What its last probe that failed has found; "" when none has.
  virtual std::string last_failure(const Upstream&) { return ""; }
  // Its process has ended: out in this very turn of the loop.
  virtual void evict(const std::shared_ptr<Upstream>& upstream, const std::string& reason) = 0;
  // It is in another state now, or in the same one again.
  virtual void instance_moved(const Instance&) {}
};

}  // namespace frontdoor
