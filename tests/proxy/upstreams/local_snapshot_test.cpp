// A worker's own copy of the snapshot: whom it picks, and what survives a reload.

#include "proxy/upstreams/local_snapshot.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace frontdoor {
namespace {

config::Config config_with(std::vector<std::uint16_t> ports, std::uint32_t first_weight = 1) {
  config::Config config;
  config::Pool pool;
  pool.name = "app";
  for (const auto port : ports) pool.upstreams.push_back({{Address::Kind::Tcp, "127.0.0.1", port}, 1});
  if (!pool.upstreams.empty()) pool.upstreams.front().weight = first_weight;
  config.pools.push_back(pool);
  return config;
}

struct Worker {
  TimeSource time;
  KernelSocketOps ops;
  EventLoop loop{time, ops};
  UpstreamRegistry registry{1};
  LocalSnapshot::Known known;
  LocalSnapshotRef current;

  void publish(const config::Config& config) {
    auto shared = registry.build(config);
    for (const auto& member : shared->pools.front().members) set(*member.upstream, UpstreamState::Up);
    const LocalSnapshot* before = current.get();
    current = LocalSnapshotRef(new LocalSnapshot(std::move(shared), 0, known, loop, before));
  }
  static void set(Upstream& upstream, UpstreamState state) {
    upstream.change(upstream.seen(), state, "test", Clock::now());
  }
  LocalPool& pool() { return current->pool(0); }
  std::string pick(std::vector<LocalUpstream*> tried = {}) {
    const auto* upstream = pool().pick(tried);
    return upstream ? upstream->shared->name().substr(10) : "none";
  }
};

TEST(LocalPool, PicksInTurnAndByWeight) {
  Worker worker;
  worker.publish(config_with({1, 2}));
  std::string picks;
  for (int i = 0; i < 4; ++i) picks += worker.pick();
  EXPECT_EQ(picks, "1212");
  worker.publish(config_with({1, 2}, 3));
  picks.clear();
  for (int i = 0; i < 8; ++i) picks += worker.pick();
  EXPECT_EQ(std::count(picks.begin(), picks.end(), '1'), 6);
}

TEST(LocalPool, AvoidsWhatWasTriedWhileThereIsAnother) {
  Worker worker;
  worker.publish(config_with({1, 2, 3}));
  LocalUpstream* first = worker.pool().pick({});
  const std::string second = worker.pick({first});
  EXPECT_NE(second, first->shared->name().substr(10));

  std::vector<LocalUpstream*> all;
  while (all.size() < 3) all.push_back(worker.pool().pick(all));
  EXPECT_NE(all[0], all[1]);
  EXPECT_NE(all[1], all[2]);
  EXPECT_NE(all[0], all[2]);
  for (int i = 0; i < 6; ++i) {
    LocalUpstream* const again = worker.pool().pick(all);
    ASSERT_NE(again, nullptr) << "all were tried: any of them again rather than none";
    EXPECT_NE(again, all.back()) << "but another than the last one, which has just failed";
  }
}

TEST(LocalPool, PicksOnlyWhatIsUp) {
  Worker worker;
  worker.publish(config_with({1, 2}));
  LocalUpstream* down = worker.pool().pick({});
  Worker::set(*down->shared, UpstreamState::Down);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(worker.pick(), "2");
  LocalUpstream* other = worker.pool().pick({});
  EXPECT_EQ(worker.pick({other}), "2") << "tried, but the only one that is up";
  Worker::set(*other->shared, UpstreamState::Down);
  EXPECT_EQ(worker.pick(), "none");
  EXPECT_EQ(worker.pick({other}), "none");
}

// ---- Priorities

config::Config tiers(std::vector<std::uint32_t> priorities, std::uint32_t max_in_flight = 0) {
  config::Config config = config_with(std::vector<std::uint16_t>(priorities.size()));
  for (std::size_t i = 0; i < priorities.size(); ++i) {
    auto& upstream = config.pools[0].upstreams[i];
    upstream.address.port = static_cast<std::uint16_t>(i + 1);
    upstream.priority = priorities[i];
  }
  config.pools[0].max_in_flight = max_in_flight;
  return config;
}

TEST(Priorities, TheLowestNumberThatIsUpServes) {
  struct {
    std::vector<std::uint32_t> priorities;
    std::string up;  // by position
    std::string picks;
  } cases[] = {
      {{0, 1}, "12", "1111"}, {{0, 1}, "2", "2222"},   {{0, 1}, "", "nonenonenonenone"},
      {{1, 0}, "12", "2222"}, {{0, 0, 1}, "123", "1212"}, {{0, 0, 1}, "23", "2222"},
      {{0, 0, 1}, "3", "3333"}, {{7, 3, 7}, "13", "1313"}, {{5, 5}, "12", "1212"},
  };
  for (const auto& c : cases) {
    Worker worker;
    worker.publish(tiers(c.priorities));
    const auto& members = worker.current->shared().pools[0].members;
    for (std::size_t i = 0; i < members.size(); ++i)
      if (c.up.find(static_cast<char>('1' + i)) == std::string::npos) Worker::set(*members[i].upstream, UpstreamState::Down);
    std::string picks;
    for (int i = 0; i < 4; ++i) picks += worker.pick();
    EXPECT_EQ(picks, c.picks) << ::testing::PrintToString(c.priorities) << " up: " << c.up;
  }
}

// One request tries the others of the first tier, then the next tier; and all again rather than none, in the first.
TEST(Priorities, AnotherTryGoesToTheNextTierWhenTheFirstWasTried) {
  Worker worker;
  worker.publish(tiers({0, 0, 1}));
  std::vector<LocalUpstream*> tried;
  std::string order;
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(worker.pool().has_another(tried)) << i;
    tried.push_back(worker.pool().pick(tried));
    order += tried.back()->shared->name().substr(10);
  }
  EXPECT_EQ(order, "123");
  EXPECT_FALSE(worker.pool().has_another(tried));
  EXPECT_EQ(worker.pool().pick(tried, true), nullptr);
  EXPECT_NE(worker.pick(tried), "3");
}

TEST(Priorities, OneThatIsFullIsWaitedForAndNotPassedOver) {
  Worker worker;
  worker.publish(tiers({0, 1}, 1));
  LocalUpstream* const first = worker.pool().pick({});
  ASSERT_TRUE(first);
  EXPECT_EQ(worker.pick(), "none");
  EXPECT_FALSE(worker.pool().has_another({}));
  first->shared->return_slot();
  EXPECT_EQ(worker.pick(), "1");
  Worker::set(*first->shared, UpstreamState::Down);
  EXPECT_EQ(worker.pick(), "2");
}

TEST(Priorities, AReloadMovesOneToAnotherTier) {
  Worker worker;
  worker.publish(tiers({0, 1}));
  EXPECT_EQ(worker.pick() + worker.pick(), "11");
  worker.publish(tiers({1, 0}));
  EXPECT_EQ(worker.pick() + worker.pick(), "22");
  worker.publish(tiers({0, 0}));
  const std::string both = worker.pick() + worker.pick();
  EXPECT_TRUE(both == "12" || both == "21") << both;
}

TEST(LocalSnapshot, CarriesWhatAWorkerKnowsOfAnUpstreamOverAReload) {
  Worker worker;
  worker.publish(config_with({1, 2}));
  LocalUpstream* first = worker.pool().pick({});
  LocalUpstream* second = worker.pool().pick({});
  const std::weak_ptr<Upstream> removed = second->shared;
  worker.publish(config_with({1, 3}));
  EXPECT_EQ(worker.pool().pick({}), first) << "with its idle connections";
  EXPECT_TRUE(removed.expired()) << "no longer named, no longer used: gone";
}

TEST(LocalSnapshot, AReloadAfterEverySecondRequestKeepsTheWeights) {
  Worker worker;
  std::map<std::string, int> picks;
  for (int request = 0; request < 140; ++request) {
    if (request % 2 == 0) worker.publish(config_with({1, 2, 3}, 5));
    ++picks[worker.pick()];
  }
  EXPECT_EQ(picks, (std::map<std::string, int>{{"1", 100}, {"2", 20}, {"3", 20}}));
}

TEST(LocalSnapshot, WhatAReloadDropsIsNotNamedUntilItIsAgain) {
  Worker worker;
  worker.publish(config_with({1, 2}));
  const LocalSnapshotRef request = worker.current;
  LocalUpstream* one = worker.pool().pick({});
  EXPECT_TRUE(one->named());
  worker.publish(config_with({2}));
  EXPECT_FALSE(one->named());
  worker.publish(config_with({2, 3}));
  EXPECT_FALSE(one->named());
  worker.publish(config_with({1, 2}));
  EXPECT_TRUE(one->named());
}

TEST(LocalSnapshot, WhatAnOperatorTakesOutGetsNothingFromAnySnapshot) {
  for (const Order order : {Order::Drain, Order::Maintenance}) {
    Worker worker;
    worker.publish(config_with({1, 2}));
    const LocalSnapshotRef request = worker.current;  // began before
    LocalUpstream* const one = request->pool(0).pick({});
    LocalUpstream* const two = request->pool(0).pick({});
    Orders orders;
    orders.set({"app", one->shared->name()}, {.order = order});
    worker.registry.set_orders(orders);
    worker.publish(config_with({1, 2}));
    EXPECT_FALSE(one->named()) << "its connections serve no others";
    for (int i = 0; i < 4; ++i) {
      EXPECT_EQ(worker.pool().pick({}), two);
      EXPECT_EQ(request->pool(0).pick({}), two);
    }
    std::vector<LocalUpstream*> tried = {two};
    EXPECT_FALSE(request->pool(0).has_another(tried));
    EXPECT_FALSE(request->pool(0).has_untried(tried));
    EXPECT_FALSE(request->pool(0).has_several());
    worker.publish(config_with({1, 2}, 7));
    EXPECT_EQ(worker.pool().pick({}), two) << "a reload changes nothing of it";

    worker.registry.set_orders({});
    worker.publish(config_with({1, 2}));
    EXPECT_TRUE(one->named());
    EXPECT_TRUE(worker.pool().has_another(tried));
    EXPECT_EQ(worker.pool().pick(tried), one);
  }
}

// Whoever asks whether there is another would wait for it in vain.
TEST(LocalSnapshot, OneOfWeightZeroIsNoOther) {
  Worker worker;
  worker.publish(config_with({1, 2}, 0));
  LocalUpstream* const second = worker.pool().pick({});
  ASSERT_TRUE(second);
  const std::vector<LocalUpstream*> tried = {second};
  EXPECT_FALSE(worker.pool().has_another(tried));
  EXPECT_FALSE(worker.pool().has_untried(tried));
  EXPECT_EQ(worker.pool().pick(tried, true), nullptr);
}

TEST(LocalSnapshot, WhatIsBackIsNotBeingDrainedAnyMore) {
  Worker worker;
  worker.publish(config_with({1, 2}));
  const LocalSnapshotRef request = worker.current;
  LocalUpstream* const one = worker.pool().pick({});
  Orders orders;
  orders.set({"app", one->shared->name()}, {.order = Order::Drain});
  worker.registry.set_orders(orders);
  worker.publish(config_with({1, 2}));
  one->shared->close_streams(Clock::now(), Clock::now());
  worker.loop.run_once(Millis{0});
  EXPECT_NE(one->drain(), nullptr);
  EXPECT_EQ(one->shared->seen().state, UpstreamState::Up) << "how it is, is another matter";
  worker.registry.set_orders({});
  worker.publish(config_with({1, 2}));
  EXPECT_EQ(one->drain(), nullptr);
}

TEST(LocalPool, TakesAnOperatorsWeight) {
  Worker worker;
  Orders orders;
  orders.set({"app", "127.0.0.1:1"}, {.weight = 3});
  worker.registry.set_orders(orders);
  worker.publish(config_with({1, 2}));
  std::string picks;
  for (int i = 0; i < 8; ++i) picks += worker.pick();
  EXPECT_EQ(std::count(picks.begin(), picks.end(), '1'), 6);
}

TEST(LocalSnapshot, LivesAsLongAsARequestHoldsIt) {
  Worker worker;
  worker.publish(config_with({1}));
  const std::weak_ptr<Upstream> old = worker.pool().pick({})->shared;
  {
    const LocalSnapshotRef held = worker.current;
    LocalUpstream* used = worker.pool().pick({});
    worker.publish(config_with({2}));
    EXPECT_FALSE(old.expired());
    EXPECT_EQ(held->pool(0).pick({}), used);
    worker.publish(config_with({1}));  // named again while it is still in use: the same, with its counts
    EXPECT_EQ(worker.pool().pick({}), used);
    worker.publish(config_with({2}));
    EXPECT_FALSE(old.expired());
  }
  EXPECT_TRUE(old.expired());
}

TEST(LocalSnapshot, AnUpstreamThatIsInTwoSnapshotsIsTheSameObject) {
  Worker worker;
  worker.publish(config_with({1}));
  const LocalSnapshotRef held = worker.current;
  worker.publish(config_with({1}));
  EXPECT_EQ(held->pool(0).pick({}), worker.pool().pick({}));
}

TEST(LocalSnapshotRef, CountsCopiesAndAssignments) {
  Worker worker;
  worker.publish(config_with({1}));
  LocalSnapshotRef a = worker.current;
  LocalSnapshotRef b = a;
  LocalSnapshotRef none;
  a = b;
  a = none;
  EXPECT_FALSE(a);
  b = LocalSnapshotRef{};
  EXPECT_TRUE(worker.current);
  EXPECT_EQ(worker.pick(), "1");
}

}  // namespace
}  // namespace frontdoor
