// What an Upstream remembers: states and their incarnations, counters, endpoints, the learned idle limit.

#include "balancer/upstream.h"

#include <gtest/gtest.h>

#include <new>
#include <thread>

namespace frontdoor {
namespace {

using namespace std::chrono_literals;

Address address() { return {.kind = Address::Kind::Tcp, .host = "127.0.0.1", .port = 3001}; }

TEST(Upstream, StartsUnknownWithoutAnAddress) {
  const Upstream upstream("app", address(), 2, std::make_shared<PoolMemory>());
  EXPECT_EQ(upstream.seen(), (Upstream::Seen{0, UpstreamState::Unknown}));
  EXPECT_FALSE(upstream.available());
  EXPECT_EQ(upstream.reason(), "");
  EXPECT_EQ(upstream.name(), "127.0.0.1:3001");
  EXPECT_TRUE(upstream.endpoints()->empty());
  EXPECT_FALSE(upstream.looked_up());
}

TEST(Upstream, EveryRiseBeginsANewIncarnation) {
  Upstream upstream("app", address(), 1, std::make_shared<PoolMemory>());
  EXPECT_TRUE(upstream.change(upstream.seen(), UpstreamState::Up, "first probe passed", Clock::now()));
  EXPECT_EQ(upstream.seen(), (Upstream::Seen{1, UpstreamState::Up}));
  EXPECT_TRUE(upstream.available());
  EXPECT_TRUE(upstream.change(upstream.seen(), UpstreamState::Down, "connection refused", Clock::now()));
  EXPECT_EQ(upstream.seen(), (Upstream::Seen{1, UpstreamState::Down}));
  EXPECT_EQ(upstream.reason(), "connection refused");
  EXPECT_TRUE(upstream.change(upstream.seen(), UpstreamState::Up, "2 probes passed", Clock::now()));
  EXPECT_EQ(upstream.seen(), (Upstream::Seen{2, UpstreamState::Up}));
}

TEST(Upstream, KnowsOfWhichLifeItDied) {
  Upstream upstream("app", address(), 1, std::make_shared<PoolMemory>());
  const auto live = [&] { upstream.change(upstream.seen(), UpstreamState::Up, "", Clock::now()); };
  EXPECT_FALSE(upstream.died(0));
  live();
  EXPECT_FALSE(upstream.died(1));
  upstream.change(upstream.seen(), UpstreamState::Down, "hangs", Clock::now(), DownCause::Hung);
  EXPECT_FALSE(upstream.died(1));
  live();
  upstream.change(upstream.seen(), UpstreamState::Down, "connection refused", Clock::now(), DownCause::Dead);
  EXPECT_TRUE(upstream.died(2));
  live();
  EXPECT_TRUE(upstream.died(2));
  EXPECT_FALSE(upstream.died(3));
}

TEST(Upstream, AnObserverWithoutMemoryKeepsItFromNobodyElse) {
  struct Observer final : UpstreamObserver {
    void went_down(std::uint64_t, DownCause) override {
      ++told;
      if (out_of_memory) throw std::bad_alloc();
    }
    int told = 0;
    bool out_of_memory = false;
  } first, second, third;
  Upstream upstream("app", address(), 1, std::make_shared<PoolMemory>());
  for (Observer* observer : {&first, &second, &third}) upstream.subscribe(*observer);
  upstream.change(upstream.seen(), UpstreamState::Up, "", Clock::now());
  second.out_of_memory = true;
  EXPECT_TRUE(upstream.change(upstream.seen(), UpstreamState::Down, "connection refused", Clock::now()));
  EXPECT_EQ(first.told + second.told + third.told, 3);
  for (Observer* observer : {&first, &second, &third}) upstream.unsubscribe(*observer);
}

TEST(Upstream, AReportAboutAnEarlierLifeIsDropped) {
  Upstream upstream("app", address(), 1, std::make_shared<PoolMemory>());
  upstream.change(upstream.seen(), UpstreamState::Up, "", Clock::now());
  const auto first_life = upstream.seen();
  upstream.change(upstream.seen(), UpstreamState::Down, "", Clock::now());
  upstream.change(upstream.seen(), UpstreamState::Up, "2 probes passed", Clock::now());
  EXPECT_FALSE(upstream.change(first_life, UpstreamState::Down, "connection refused", Clock::now()));
  EXPECT_TRUE(upstream.available());
  EXPECT_EQ(upstream.reason(), "2 probes passed");
}

TEST(Upstream, AChangeToItsOwnStateIsNone) {
  Upstream upstream("app", address(), 1, std::make_shared<PoolMemory>());
  upstream.change(upstream.seen(), UpstreamState::Up, "once", Clock::now());
  EXPECT_FALSE(upstream.change(upstream.seen(), UpstreamState::Up, "twice", Clock::now()));
  EXPECT_EQ(upstream.seen().incarnation, 1U);
}

TEST(Upstream, OfManyWitnessesOneMakesTheChange) {
  Upstream upstream("app", address(), 4, std::make_shared<PoolMemory>());
  upstream.change(upstream.seen(), UpstreamState::Up, "", Clock::now());
  const auto seen = upstream.seen();
  std::atomic<int> changed{0};
  std::vector<std::thread> workers;
  for (unsigned worker = 0; worker < 4; ++worker) {
    workers.emplace_back([&, worker] {
      upstream.begin_request(worker);
      upstream.note_success(worker, Clock::now(), Duration(Millis{3}));
      upstream.learn_idle_limit(Millis{1000 + worker});
      upstream.set_endpoints({*Endpoint::numeric("127.0.0.1", 3001)});
      if (upstream.change(seen, UpstreamState::Down, "connection refused", Clock::now()) && !upstream.endpoints()->empty())
        ++changed;
    });
  }
  for (auto& worker : workers) worker.join();
  EXPECT_EQ(changed, 1);
  EXPECT_EQ(upstream.in_flight(), 4U);
  EXPECT_EQ(upstream.learned_idle_limit(), 1000ms);
}

TEST(Upstream, SumsWhatWorkersCount) {
  Upstream upstream("app", address(), 2, std::make_shared<PoolMemory>());
  upstream.begin_request(0);
  upstream.begin_request(1);
  upstream.begin_request(1);
  upstream.end_request(1);
  EXPECT_EQ(upstream.in_flight(), 2U);

  const TimePoint now = Clock::now();
  upstream.note_success(0, now, {});
  upstream.note_success(1, now - 5s, {});
  EXPECT_EQ(upstream.last_success(), now);
}

TEST(Upstream, TheSmallestIdleLimitWinsUntilANewLife) {
  Upstream upstream("app", address(), 1, std::make_shared<PoolMemory>());
  upstream.learn_idle_limit(5s);
  upstream.learn_idle_limit(60s);
  upstream.learn_idle_limit(0s);
  EXPECT_EQ(upstream.learned_idle_limit(), 5s);
  upstream.change(upstream.seen(), UpstreamState::Up, "", Clock::now());
  EXPECT_EQ(upstream.learned_idle_limit(), 0s);
}

TEST(Upstream, ALookUpInVainIsStillALookUp) {
  Upstream upstream("app", address(), 1, std::make_shared<PoolMemory>());
  upstream.set_endpoints({});
  EXPECT_TRUE(upstream.looked_up());
  EXPECT_TRUE(upstream.endpoints()->empty());
}

// ---- Leaving its pool

struct Witness final : UpstreamObserver {
  explicit Witness(bool acknowledging) : acts(acknowledging) {}
  void went_down(std::uint64_t, DownCause) override { ++downs; }
  void drains(TimePoint from, TimePoint until) override { window = until - from; }
  bool acknowledges() const override { return acts; }
  const bool acts;
  int downs = 0;
  Duration window{};
};

TEST(Upstream, OneThatDrainsIsNotAvailableAndTellsThoseWhoWatch) {
  Upstream upstream("app", address(), 1, std::make_shared<PoolMemory>());
  Witness worker(true);
  Witness passer_by(false);
  upstream.subscribe(worker);
  upstream.subscribe(passer_by);
  upstream.change(upstream.seen(), UpstreamState::Up, "", Clock::now());
  EXPECT_TRUE(upstream.acknowledged());

  const TimePoint now = Clock::now();
  upstream.drain(now, now + 25s);
  EXPECT_FALSE(upstream.available());
  EXPECT_STREQ(to_string(upstream.seen().state), "draining");
  EXPECT_EQ(upstream.seen().incarnation, 1u) << "it is the same life";
  EXPECT_EQ(worker.window, 25s);
  EXPECT_FALSE(upstream.acknowledged());
  upstream.acknowledge(worker);
  EXPECT_TRUE(upstream.acknowledged()) << "the other one picks nothing";

  upstream.change(upstream.seen(), UpstreamState::Down, "its process has ended", now, DownCause::Dead);
  EXPECT_EQ(worker.downs, 1);
  EXPECT_FALSE(upstream.acknowledged());
  upstream.unsubscribe(worker);
  EXPECT_TRUE(upstream.acknowledged()) << "who has gone is waited for no longer";
  upstream.unsubscribe(passer_by);
}

TEST(Upstream, RemembersWhyItIsDown) {
  Upstream upstream("app", address(), 1, std::make_shared<PoolMemory>());
  EXPECT_EQ(upstream.down_cause(), DownCause::None);
  upstream.change(upstream.seen(), UpstreamState::Down, "", Clock::now(), DownCause::Hung);
  EXPECT_EQ(upstream.down_cause(), DownCause::Hung);
  upstream.change(upstream.seen(), UpstreamState::Up, "", Clock::now());
  EXPECT_EQ(upstream.down_cause(), DownCause::None);
}

TEST(Casualties, AreThoseOfTheMomentOfTheDeath) {
  Casualties casualties;
  const TimePoint now = Clock::now();
  casualties.note({"GET /cut", "1", 1}, now - 1500ms);  // an app that ends a response so, and lived on
  casualties.note({"GET /read", "2", 2}, now - 10ms);
  casualties.note({"GET /read", "2", 2}, now);  // the same request, noticed twice
  const std::vector<Casualty> expected{{"GET /read", "2", 2}};
  EXPECT_EQ(casualties.take(now), expected);
  EXPECT_TRUE(casualties.take(now).empty());
}

TEST(Casualties, AreAFew) {
  Casualties casualties;
  const TimePoint now = Clock::now();
  for (int i = 0; i < 1'000; ++i) casualties.note({"GET /", std::to_string(i), 1}, now);
  EXPECT_EQ(casualties.take(now).size(), Casualties::kMost);
}

}  // namespace
}  // namespace frontdoor
