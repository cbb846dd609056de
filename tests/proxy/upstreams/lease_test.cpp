// A request's place on an upstream: what it counts, who reaches it, and that all of it is given back.

#include "proxy/upstreams/lease.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "proxy/upstreams/local_snapshot.h"

namespace frontdoor {
namespace {

struct Holder final : OnUpstream {
  void upstream_went_down(std::uint64_t, DownCause) override { ++told; }
  void upstream_drains(UpstreamDrain&) override {}
  void drain_begins() override {}
  bool is_stream() const override { return false; }
  bool is_websocket() const override { return false; }
  const ListenerDrain* listener_drain() const override { return nullptr; }
  int told = 0;
};

struct Leases : ::testing::Test {
  Leases() {
    config::Config config;
    config::Pool pool;
    pool.name = "app";
    pool.max_in_flight = 1;
    pool.upstreams.push_back({{Address::Kind::Tcp, "127.0.0.1", 1}, 1});
    config.pools.push_back(pool);
    auto shared = registry.build(config);
    upstream = shared->pools.front().members.front().upstream;
    upstream->change(upstream->seen(), UpstreamState::Up, "test", time.now());
    current = LocalSnapshotRef(new LocalSnapshot(std::move(shared), 0, known, loop));
    local = known.at(upstream.get()).lock();
  }
  int on_it() {
    int count = 0;
    local->for_each_on_it([&](OnUpstream&) { ++count; });
    return count;
  }

  TimeSource time;
  KernelSocketOps ops;
  EventLoop loop{time, ops};
  UpstreamRegistry registry{1};
  LocalSnapshot::Known known;
  std::shared_ptr<Upstream> upstream;
  LocalSnapshotRef current;
  std::shared_ptr<LocalUpstream> local;
};

TEST_F(Leases, HoldsNothingBeforeItIsTaken) {
  Holder holder;
  Lease lease(holder);
  EXPECT_FALSE(lease.held());
  lease.return_slot();
  lease.give_back();
  EXPECT_EQ(upstream->in_flight(), 0u);
}

TEST_F(Leases, EndsWithItsOwner) {
  Holder holder;
  {
    Lease lease(holder);
    ASSERT_TRUE(upstream->take_slot());  // as the pick does
    lease.take(*local, Lease::Slot::Taken);
    EXPECT_TRUE(lease.held());
    EXPECT_EQ(upstream->in_flight(), 1u);
    EXPECT_FALSE(upstream->has_slot());
    EXPECT_EQ(on_it(), 1);
  }
  EXPECT_EQ(upstream->in_flight(), 0u);
  EXPECT_TRUE(upstream->has_slot());
  EXPECT_EQ(on_it(), 0);
}

TEST_F(Leases, TheSlotIsGivenBackOnceAndOnlyIfItWasTaken) {
  Holder holder;
  Lease lease(holder);
  ASSERT_TRUE(upstream->take_slot());
  lease.take(*local, Lease::Slot::Taken);
  lease.return_slot();
  EXPECT_TRUE(upstream->has_slot());
  EXPECT_TRUE(lease.held()) << "it is still on the upstream";
  ASSERT_TRUE(upstream->take_slot());  // by another request
  lease.return_slot();
  lease.give_back();
  lease.give_back();
  EXPECT_FALSE(upstream->has_slot());
  lease.take(*local, Lease::Slot::None);
  lease.give_back();
  EXPECT_FALSE(upstream->has_slot()) << "the other one has it still";
  upstream->return_slot();
}

TEST_F(Leases, EveryHolderIsToldOfTheEndOfItsUpstream) {
  std::vector<Holder> holders(3);
  std::vector<std::unique_ptr<Lease>> leases;
  for (Holder& holder : holders) {
    leases.push_back(std::make_unique<Lease>(holder));
    leases.back()->take(*local, Lease::Slot::None);
  }
  leases[1]->give_back();
  ASSERT_TRUE(upstream->change(upstream->seen(), UpstreamState::Down, "test", time.now(), DownCause::Dead));
  loop.run_once(Millis{0});
  EXPECT_EQ(holders[0].told, 1);
  EXPECT_EQ(holders[1].told, 0);
  EXPECT_EQ(holders[2].told, 1);
}

}  // namespace
}  // namespace frontdoor
