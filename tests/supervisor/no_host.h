// A supervisor's host without a front door: its instances are upstreams of nobody.

#pragma once

#include <memory>
#include <string>

#include "supervisor/instances/instance.h"

namespace frontdoor::test {

struct NoHost final : InstanceHost {
  void instances_changed(const InstanceAddresses&) override {}
  std::shared_ptr<Upstream> upstream_of(const InstanceAddress&) override { return nullptr; }
  PoolTraffic traffic_of(const std::string&) override { return {}; }
  void probe_now(const Upstream&) override {}
  void evict(const std::shared_ptr<Upstream>&, const std::string&) override {}
};

}  // namespace frontdoor::test
