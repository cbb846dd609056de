#include "balancer/pool_counts.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "balancer/snapshot.h"

namespace frontdoor {
namespace {

using namespace std::chrono_literals;

TEST(PoolCounts, SumsTheWorkersByListenerProtocolAndClass) {
  PoolCounts counts;
  counts.of_worker(0).count(0, 1, 200);
  counts.of_worker(3).count(0, 1, 204);
  counts.of_worker(3).count(1, 2, 503);
  counts.of_worker(3).count(1, 2, 0);
  counts.of_worker(0).duration.add(Duration(3ms));
  counts.of_worker(3).retries.add("nothing_sent");
  PoolTotals totals;
  counts.add_to(totals, {"web", "https"});
  ASSERT_EQ(totals.requests.size(), 2u);
  EXPECT_EQ(totals.requests[0].listener, "web");
  EXPECT_EQ(totals.requests[0].protocol, "http/1.1");
  EXPECT_EQ(totals.requests[0].by_code, (CodeTotals{0, 0, 2, 0, 0, 0}));
  EXPECT_EQ(totals.requests[1].listener, "https");
  EXPECT_EQ(totals.requests[1].protocol, "h2");
  EXPECT_EQ(totals.requests[1].by_code, (CodeTotals{1, 0, 0, 0, 0, 1}));
  EXPECT_EQ(totals.all_requests(), 4u);
  EXPECT_EQ(totals.by_code(), (CodeTotals{1, 0, 2, 0, 0, 1}));
  EXPECT_EQ(totals.duration.count(), 1u);
  EXPECT_EQ(count_of(totals.retries, "nothing_sent"), 1u);
}

TEST(PoolCounts, ListenersBeyondThoseThatAreToldAreToldTogether) {
  PoolCounts counts;
  for (const std::size_t listener : {kListenersTold - 1, kListenersTold, std::size_t{60'000}}) counts.of_worker(0).count(listener, 1, 200);
  PoolTotals totals;
  counts.add_to(totals, {"only one that is known"});
  ASSERT_EQ(totals.requests.size(), 1u);
  EXPECT_EQ(totals.requests[0].listener, "other");
  EXPECT_EQ(totals.all_requests(), 3u);
}

TEST(PoolCounts, ListenersThatManyReloadsHaveNamedAreToldApart) {
  PoolCounts counts;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < 200; ++i) names.push_back("listener-" + std::to_string(i));
  for (const std::size_t listener : {0, 63, 64, 65, 127, 128, 199})
    for (std::size_t i = 0; i <= listener; ++i) counts.of_worker(i % 2).count(listener, 1, 200);
  PoolTotals totals;
  counts.add_to(totals, names);
  std::string told;
  for (const RequestTotals& each : totals.requests) told += each.listener + "=" + std::to_string(each.all()) + " ";
  EXPECT_EQ(told, "listener-0=1 listener-63=64 listener-64=65 listener-65=66 listener-127=128 listener-128=129 listener-199=200 ");
}

TEST(PoolCounts, AReaderNeverSeesLessThanBefore) {
  PoolCounts counts;
  RequestSlots& slots = counts.of_worker(0);
  const std::vector<std::string> names(200, "a");
  std::atomic<bool> end{false};
  std::thread reader([&] {
    std::uint64_t last = 0;
    while (!end) {
      PoolTotals totals;
      counts.add_to(totals, names);
      EXPECT_GE(totals.all_requests(), last);
      last = totals.all_requests();
    }
  });
  for (int i = 0; i < 20'000; ++i) {
    slots.count(static_cast<std::size_t>(i % 2) * 150, 1, 200);
    slots.own_answers.add(i % 2 == 0 ? "no_route" : "bad_request");
  }
  end = true;
  reader.join();
  PoolTotals totals;
  counts.add_to(totals, names);
  EXPECT_EQ(totals.all_requests(), 20'000u);
  EXPECT_EQ(count_of(totals.own_answers, "no_route"), 10'000u);
}

config::Config with_pool(std::initializer_list<std::uint16_t> ports) {
  config::Config config;
  config::Pool pool;
  pool.name = "app";
  for (const std::uint16_t port : ports) pool.upstreams.push_back({{Address::Kind::Tcp, "127.0.0.1", port}, 1});
  config.pools.push_back(pool);
  return config;
}

TEST(PoolTotals, APoolKeepsItsCountersOverAReloadAndAnUpstreamLeavesWithThem) {
  UpstreamRegistry registry(2);
  auto snapshot = registry.build(with_pool({1, 2}));
  snapshot->pools[0].memory->counts.of_worker(1).count(0, 1, 200);
  snapshot->pools[0].members[0].upstream->count_answer(0, 200);
  snapshot->pools[0].members[1].upstream->count_answer(1, 500);

  snapshot = registry.build(with_pool({2, 3}));
  const PoolTotals totals = snapshot->pools[0].totals({"web"});
  EXPECT_EQ(totals.name, "app");
  EXPECT_EQ(totals.all_requests(), 1u);
  ASSERT_EQ(totals.upstreams.size(), 2u);
  EXPECT_EQ(totals.upstreams[0].name, "127.0.0.1:2");
  EXPECT_EQ(totals.upstreams[0].by_code, (CodeTotals{0, 0, 0, 0, 0, 1}));
  EXPECT_EQ(totals.upstreams[1].name, "127.0.0.1:3");
  EXPECT_EQ(totals.upstreams[1].by_code, CodeTotals{});
}

TEST(PoolTotals, AnUpstreamThatIsNamedTwiceIsToldOnce) {
  UpstreamRegistry registry(1);
  const auto snapshot = registry.build(with_pool({1, 1, 2}));
  const PoolTotals totals = snapshot->pools[0].totals({});
  ASSERT_EQ(totals.upstreams.size(), 2u);
  EXPECT_EQ(totals.upstreams[0].weight, 2u);
}

TEST(PoolTotals, WhatAnOperatorHasTakenOutIsNotUp) {
  UpstreamRegistry registry(1);
  const auto states = [&](const Orders& orders) {
    registry.set_orders(orders);
    const auto snapshot = registry.build(with_pool({1, 2, 3}));
    for (const Member& member : snapshot->pools[0].members) {
      Upstream& upstream = *member.upstream;
      if (!upstream.available()) upstream.change(upstream.seen(), UpstreamState::Up, "", Clock::now(), DownCause::None);
    }
    std::vector<std::string> all;
    for (const UpstreamTotals& upstream : snapshot->pools[0].totals({}).upstreams) all.emplace_back(upstream.state);
    return all;
  };
  Orders orders;
  orders.set({"app", "127.0.0.1:1"}, {.order = Order::Drain});
  orders.set({"app", "127.0.0.1:2"}, {.order = Order::Maintenance});
  EXPECT_EQ(states(orders), (std::vector<std::string>{"draining", "maintenance", "up"}));
  orders.set_maintenance("app", std::make_shared<PoolMaintenance>());
  EXPECT_EQ(states(orders), (std::vector<std::string>(3, "maintenance")));
  EXPECT_EQ(states({}), (std::vector<std::string>(3, "up")));
}

TEST(UpstreamTotals, TellsConnectionsAnswersAndEachChangeOfItsState) {
  Upstream upstream("app", {.host = "127.0.0.1", .port = 1}, 2, std::make_shared<PoolMemory>());
  upstream.begin_request(0);
  upstream.begin_request(1);
  upstream.end_request(1);
  upstream.count_answer(1, 200);
  upstream.note_success(1, Clock::now(), Duration(20ms));
  upstream.connection_opened(0);
  upstream.connection_opened(1);
  upstream.connection_idles(1);
  const auto change = [&](UpstreamState to, DownCause cause) { upstream.change(upstream.seen(), to, "why", Clock::now(), cause); };
  change(UpstreamState::Up, DownCause::None);
  change(UpstreamState::Down, DownCause::Dead);
  change(UpstreamState::Up, DownCause::None);
  change(UpstreamState::Down, DownCause::Hung);
  change(UpstreamState::Up, DownCause::None);
  change(UpstreamState::Down, DownCause::Unwell);
  upstream.judge_anew(Clock::now());
  upstream.drain(Clock::now(), Clock::now());

  const UpstreamTotals totals = upstream.totals();
  EXPECT_EQ(totals.requests, 2u);
  EXPECT_EQ(totals.in_flight, 1u);
  EXPECT_EQ(totals.by_code, (CodeTotals{0, 0, 1, 0, 0, 0}));
  EXPECT_EQ(totals.response.count(), 1u);
  EXPECT_EQ(totals.active_connections, 1u);
  EXPECT_EQ(totals.idle_connections, 1u);
  EXPECT_EQ(totals.state, "draining");
  EXPECT_FALSE(totals.http2);
  std::string told;
  for (const TransitionTotal& each : totals.transitions)
    told += std::string(each.to) + "/" + std::string(each.reason) + "=" + std::to_string(each.count) + " ";
  EXPECT_EQ(told, "up/passed=3 down/dead=1 down/hung=1 down/unwell=1 draining/leaving=1 unknown/named_again=1 ");
}

TEST(UpstreamTotals, SumWhatWorkersHaveSeenOfItsHttp2) {
  Upstream upstream("app", Address{Address::Kind::Tcp, "127.0.0.1", 1}, 3, std::make_shared<PoolMemory>());
  upstream.http2_counts(0).streams.add();
  upstream.http2_counts(2).streams.add();
  upstream.http2_counts(2).goaways.add("NO_ERROR");
  upstream.http2_counts(0).goaways.add("NO_ERROR");
  upstream.http2_counts(0).resets.add("CANCEL");
  const UpstreamTotals totals = upstream.totals();
  ASSERT_TRUE(totals.http2);
  EXPECT_EQ(totals.http2->streams, 2u);
  EXPECT_EQ(totals.http2->goaways, (WordTotals{{"NO_ERROR", 2}}));
  EXPECT_EQ(totals.http2->resets, (WordTotals{{"CANCEL", 1}}));
}

}  // namespace
}  // namespace frontdoor
