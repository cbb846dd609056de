// All workers together, as the control thread sees them.

#include "proxy/server/server.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace frontdoor {
namespace {

struct NobodyIsRefused final : UpstreamWitness {
  void upstream_refused(const std::shared_ptr<Upstream>&, const std::string&) override {}
};

TEST(Server, DescriptorsOfListenersThatAReloadOpensAreNotForConnections) {
  TimeSource time;
  KernelSocketOps ops;
  NobodyIsRefused witness;
  UpstreamRegistry registry{2};
  config::Config config;
  config.listeners.resize(1);
  Server server({time, ops, witness}, 2, registry.build(config));
  const DescriptorPlan before = server.budget().plan();
  config.listeners.resize(4);
  server.publish(registry.build(config));
  EXPECT_EQ(server.budget().plan().sockets, before.sockets - 6) << "three more for each worker";
  EXPECT_LE(server.budget().plan().clients, before.clients);
  config.listeners.resize(1);
  server.publish(registry.build(config));
  EXPECT_EQ(server.budget().plan().sockets, before.sockets);
}

}  // namespace
}  // namespace frontdoor
