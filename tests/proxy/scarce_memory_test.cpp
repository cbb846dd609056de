// Without memory a connection or a request is refused and nothing else ends, also where HTTP/2 and TLS are spoken: each
// allocation of a conversation fails in turn, those that nghttp2 and OpenSSL make included. HTTP/1: allocations_test.cpp.

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "failing_memory.h"
#include "support/h2_client.h"
#include "support/h2_upstream.h"
#include "support/messages.h"

// A sanitizer's allocator is what the libraries in C call then.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace frontdoor::testing {
namespace {

constexpr std::uint64_t kMostAllocations = 20'000;
constexpr int kMostTurns = 120;

// Each of the first ones, and then fewer and fewer: a handshake makes thousands.
std::uint64_t next_allocation(std::uint64_t n) { return n + 1 + n / 16; }

// Afterwards: a client that comes now is served, and nothing of the others is left.
void expect_recovery(TestProxy& proxy, std::uint64_t n, const std::function<void()>& act = [] {}) {
  proxy.time().advance(Millis{300});  // whoever accepts may pause
  proxy.settle({});
  const auto client = proxy.client();
  client->send(kGet);
  EXPECT_TRUE(proxy.until({client.get()}, [&] {
    act();
    proxy.time().advance(Millis{10});
    return complete_response(client->received());
  })) << "after the " << n << "th allocation had failed: " << client->received();
  EXPECT_TRUE(client->saw("HTTP/1.1 200 ")) << n << client->received();
  client->close();
  proxy.time().advance(Millis{61'000});
  EXPECT_TRUE(proxy.until({}, [&] {
    proxy.time().advance(Millis{10});
    return proxy.worker().open_connections() == 0;
  })) << n;
  EXPECT_EQ(proxy.worker().buffers_in_use(), 0u) << n;
  EXPECT_EQ(proxy.upstream(0).in_flight(), 0u) << n;
}

// Two requests on one connection. Whether the n-th allocation came at all.
bool short_conversation_of_http2(Over over, std::uint64_t n, Shortage shortage) {
  ScriptedUpstream upstream;
  upstream.always_reply(kHello);
  TestProxy proxy({&upstream}, over == Over::Tls ? "tls = \"self-signed\"\n" : "");
  bool struck = false;
  {
    const auto client = proxy.client("h2");
    h2::Reader reader;
    client->send(h2::hello() + h2::headers(1, h2::get("/a")) + h2::headers(3, h2::post("/form"), h2::kEndHeaders) +
                 h2::end_of(3, "hello"));
    const auto settled = [&](std::uint32_t id) { return reader.answer(id).ended || reader.answer(id).was_reset; };
    ShortTurns turns(n, shortage);
    for (int i = 0; i < kMostTurns && !client->ended() && !(settled(1) && settled(3)); ++i) {
      client->poll();
      turns.turn(proxy.worker());
      upstream.poll();
      client->poll();
      reader.feed(client->received());
      client->forget();
      proxy.time().advance(Millis{10});
    }
    proxy.time().advance(Millis{300});
    turns.turn(proxy.worker());  // housekeeping, too
    struck = ShortTurns::struck();
    if (shortage == Shortage::OfOne) {
      EXPECT_TRUE(client->ended() || (settled(1) && settled(3))) << n << ": nothing waits for what will not come";
    }
    for (const std::uint32_t id : {1u, 3u}) {
      const h2::Answer answer = reader.answer(id);
      EXPECT_TRUE(answer.status.empty() || answer.status == "200" || answer.status == "503") << n << ": " << answer.status;
      if (answer.status == "200" && answer.ended) {
        EXPECT_EQ(answer.body, "hello") << n << ": nothing looks complete that is not";
      }
    }
  }
  expect_recovery(proxy, n);
  return struck;
}

std::size_t open_descriptors() {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

// Each allocation of a conversation fails in turn: one of them, or all from there on. `survives`: whether it came at all. No
// descriptor is left of it.
template <class Conversation>
void at_each_allocation(Conversation&& survives) {
  for (const Shortage shortage : {Shortage::OfOne, Shortage::FromThenOn}) {
    std::uint64_t n = 1;
    const std::size_t before = open_descriptors();
    while (n < kMostAllocations && !::testing::Test::HasFailure() && survives(n, shortage)) {
      EXPECT_EQ(open_descriptors(), before) << "after the " << n << "th allocation had failed";
      n = next_allocation(n);
    }
    EXPECT_GT(n, 50u);
    EXPECT_LT(n, kMostAllocations);
  }
}

TEST(ScarceMemoryOverHttp2, RefusesAConnectionOrAStreamAndNothingElse) {
  for (const Over over : {Over::Plain, Over::Tls})
    at_each_allocation([over](std::uint64_t n, Shortage shortage) { return short_conversation_of_http2(over, n, shortage); });
}

// One request by HTTP/1; `act` is what the upstream does in each turn.
template <class Upstream, class Act>
bool one_request(TestProxy& proxy, Upstream& upstream, std::string_view request, std::uint64_t n, Shortage shortage, Act&& act) {
  bool struck = false;
  {
    const auto client = proxy.client();
    client->send(request);
    ShortTurns turns(n, shortage);
    for (int i = 0; i < kMostTurns && !client->ended() && !complete_response(client->received()); ++i) {
      client->poll();
      turns.turn(proxy.worker());
      upstream.poll();
      act();
      client->poll();
      proxy.time().advance(Millis{10});
    }
    struck = ShortTurns::struck();
    const std::string& said = client->received();
    if (shortage == Shortage::OfOne) {
      EXPECT_TRUE(client->ended() || complete_response(said)) << n << ": nothing waits for what will not come";
    }
    EXPECT_TRUE(said.empty() || said.starts_with("HTTP/1.1 200") || said.starts_with("HTTP/1.1 50")) << n << ": " << said;
  }
  expect_recovery(proxy, n, act);
  return struck;
}

TEST(ScarceMemoryTowardsHttp2, RefusesARequestAndNothingElse) {
  at_each_allocation([](std::uint64_t n, Shortage shortage) {
    H2Upstream upstream;
    TestProxy proxy({&upstream}, "", "protocol = \"h2c\"\n");
    std::vector<std::uint32_t> answered;
    return one_request(proxy, upstream, kPut, n, shortage, [&] {
      upstream.read();
      answered.resize(upstream.ends());
      for (std::size_t i = 0; i < answered.size(); ++i)
        for (; answered[i] < upstream.end(i).requests(); ++answered[i]) upstream.end(i).answer(2 * answered[i] + 1);
    });
  });
}

// A death is told to the worker, and by it to the requests, where nobody answers for memory that there is not.
bool death_of_an_upstream(std::uint64_t n, Shortage shortage) {
  ScriptedUpstream first;
  ScriptedUpstream second;
  second.always_reply(kHello);
  TestProxy proxy({&first, &second});
  const auto client = proxy.client();
  client->send(kGet);
  EXPECT_TRUE(proxy.until({client.get()}, [&] { return first.connections() > 0 && first.last().saw("\r\n\r\n"); }));
  proxy.settle({client.get()});
  Upstream& upstream = proxy.upstream(0);
  EXPECT_TRUE(upstream.change(upstream.seen(), UpstreamState::Down, "test", proxy.time().now(), DownCause::Dead));
  ShortTurns turns(n, shortage);
  for (int i = 0; i < kMostTurns && !client->ended() && !complete_response(client->received()); ++i) {
    EXPECT_NO_THROW(turns.turn(proxy.worker())) << n;
    second.poll();
    client->poll();
    proxy.time().advance(Millis{10});
  }
  const bool struck = ShortTurns::struck();
  if (shortage == Shortage::OfOne) {
    EXPECT_TRUE(client->ended() || complete_response(client->received())) << n;
  }
  return struck;
}

TEST(ScarceMemory, ADeathIsSurvived) {
  for (const Shortage shortage : {Shortage::OfOne, Shortage::FromThenOn}) {
    std::uint64_t n = 1;
    while (n < 500 && !::testing::Test::HasFailure() && death_of_an_upstream(n, shortage)) ++n;
    EXPECT_GT(n, 3u);
    EXPECT_LT(n, 500u);
  }
}

// The loop's table of what it watches grows now and then: with a connection that is accepted, or with one to an upstream.
TEST(ScarceMemory, WhatTheLoopHasNoPlaceForIsClosedAndNothingElse) {
  ScriptedUpstream upstream;
  upstream.always_reply(kHello);
  TestProxy proxy({&upstream});
  std::vector<std::unique_ptr<Peer>> idle;
  for (int others = 0; others < 20; ++others) {
    bool struck = true;
    for (std::uint64_t n = 1; n < 40 && struck; ++n) {
      const auto client = proxy.client();
      client->send(kGet);
      client->poll();
      ShortTurns turns(n, Shortage::OfOne);
      for (int i = 0; i < 4; ++i) {
        ASSERT_NO_THROW(turns.turn(proxy.worker())) << others << ' ' << n;
        upstream.poll();
      }
      struck = ShortTurns::struck();
      client->close();
      proxy.time().advance(Millis{61'000});  // idle connections to the upstream, too
      proxy.settle({});
    }
    idle.clear();
    for (int i = 0; i <= others; ++i) idle.push_back(proxy.client());
    proxy.settle({});
  }
  idle.clear();
  EXPECT_TRUE(proxy.until({}, [&] {
    proxy.time().advance(Millis{10});
    return proxy.worker().open_connections() == 0;
  }));
}

TEST(ScarceMemoryTowardsTls, RefusesARequestAndNothingElse) {
  at_each_allocation([](std::uint64_t n, Shortage shortage) {
    ScriptedUpstream upstream;
    upstream.encrypt();
    upstream.always_reply(kHello);
    TestProxy proxy({&upstream});
    return one_request(proxy, upstream, kGet, n, shortage, [] {});
  });
}

}  // namespace
}  // namespace frontdoor::testing

#endif
