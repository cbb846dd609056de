// What operators have added and removed, joined with the config, and what a new config makes of it.

#include "balancer/run_time_members.h"

#include <gtest/gtest.h>

#include "balancer/snapshot.h"

namespace frontdoor {
namespace {

config::Upstream server(std::uint16_t port, std::uint32_t weight = 1) {
  return {.address = {.kind = Address::Kind::Tcp, .host = "10.0.0.1", .port = port}, .weight = weight};
}

config::Config configured(std::vector<std::pair<std::string, std::vector<config::Upstream>>> pools) {
  config::Config config;
  for (auto& [name, upstreams] : pools) {
    config::Pool& pool = config.pools.emplace_back();
    pool.name = name;
    pool.upstreams = upstreams;
  }
  return config;
}

std::string text_of(const config::Config& config) {
  std::string text;
  for (const config::Pool& pool : config.pools) {
    text += pool.name + ':';
    for (const config::Upstream& upstream : pool.upstreams)
      text += ' ' + std::to_string(upstream.address.port) + 'x' + std::to_string(upstream.weight);
    text += "; ";
  }
  return text;
}

const config::Config kTwo = configured({{"app", {server(1), server(2)}}, {"web", {server(1)}}});

TEST(RunTimeMembers, AreJoinedWithTheConfigBelowTheirPool) {
  RunTimeMembers members;
  EXPECT_EQ(text_of(members.joined(kTwo)), "app: 1x1 2x1; web: 1x1; ");
  members.add("app", {server(3, 5), {}});
  members.remove({"app", "10.0.0.1:1"}, {});
  EXPECT_EQ(text_of(members.joined(kTwo)), "app: 2x1 3x5; web: 1x1; ");
  members.add("app", {server(3, 7), {}});
  EXPECT_EQ(text_of(members.joined(kTwo)), "app: 2x1 3x7; web: 1x1; ") << "again: as it was said last";
  members.add("app", {server(2, 9), {}});
  EXPECT_EQ(text_of(members.joined(kTwo)), "app: 2x1 3x7; web: 1x1; ") << "never twice: the config's holds";
  members.add("gone", {server(4), {}});
  EXPECT_EQ(text_of(members.joined(kTwo)), "app: 2x1 3x7; web: 1x1; ");
  members.bring_back({"app", "10.0.0.1:1"});
  members.forget_added({"app", "10.0.0.1:3"});
  EXPECT_EQ(text_of(members.joined(kTwo)), "app: 1x1 2x1; web: 1x1; ");
}

TEST(RunTimeMembers, AreSettledByAConfigThatComesLater) {
  using Why = RunTimeMembers::Why;
  RunTimeMembers members;
  members.add("app", {server(3), {}});
  members.remove({"app", "10.0.0.1:1"}, {});
  const struct {
    const char* what;
    config::Config config;
    std::vector<RunTimeMembers::Settled> settled;
  } cases[] = {
      {"nothing of it is touched", kTwo, {}},
      {"the added one is the file's now", configured({{"app", {server(1), server(3, 4)}}}),
       {{{"app", "10.0.0.1:3"}, Why::ConfigNamesIt}}},
      {"the removed one is gone from the file", configured({{"app", {server(2)}}}),
       {{{"app", "10.0.0.1:1"}, Why::ConfigNamesItNot}}},
      {"the pool is gone", configured({{"web", {server(1)}}}),
       {{{"app", "10.0.0.1:3"}, Why::PoolIsGone}, {{"app", "10.0.0.1:1"}, Why::PoolIsGone}}},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(members.pointless(c.config), c.settled) << c.what;
    RunTimeMembers after = members;
    after.forget(c.settled);
    EXPECT_EQ(after.pointless(c.config), std::vector<RunTimeMembers::Settled>{}) << c.what;
    EXPECT_EQ(after.added().size() + after.removed().size(), 2 - c.settled.size()) << c.what;
  }
  EXPECT_STREQ(to_string(Why::ConfigNamesIt), "the config names it now");
  EXPECT_STREQ(to_string(Why::ConfigNamesItNot), "the config does not name it any more");
  EXPECT_STREQ(to_string(Why::PoolIsGone), "the config has no such pool any more");
}

TEST(RunTimeMembers, AreInTheSnapshotAndNotInItsConfig) {
  UpstreamRegistry registry(1);
  const auto before = registry.build(kTwo);
  const auto leaves = before->pools[0].members[0].upstream;
  Orders orders;
  orders.members().add("app", {{.address = server(3).address, .weight = 5, .priority = 1, .host = "a.internal"}, {}});
  orders.members().remove({"app", "10.0.0.1:1"}, {});
  orders.set({"app", "10.0.0.1:3"}, {.order = Order::Drain});
  registry.set_orders(orders);
  const auto after = registry.rebuild(*before, {});
  ASSERT_EQ(after->pools[0].members.size(), 2u);
  const Member& added = after->pools[0].members[1];
  EXPECT_EQ(added.upstream->name(), "10.0.0.1:3");
  EXPECT_EQ(added.weight, 5u);
  EXPECT_EQ(added.priority, 1u);
  EXPECT_EQ(added.host, "a.internal");
  EXPECT_EQ(added.order, Order::Drain) << "orders are about added ones, too";
  EXPECT_EQ(after->config, kTwo) << "the config is what the file says";
  EXPECT_FALSE(orders.empty());
  orders.forget({"app", "10.0.0.1:3"});
  EXPECT_EQ(orders.find("app", "10.0.0.1:3"), nullptr);

  registry.set_orders({});
  const auto back = registry.rebuild(*after, {});
  EXPECT_EQ(back->pools[0].members[0].upstream, leaves) << "somebody still holds it: its counts go on";
}

}  // namespace
}  // namespace frontdoor
