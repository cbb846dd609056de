// Without memory a request is refused and nothing else ends, also where its upstream speaks TLS: each allocation of a
// conversation fails in turn, those that OpenSSL makes included. HTTP/1: allocations_test.cpp.

#include <gtest/gtest.h>

#include <string>

#include "failing_memory.h"
#include "support/messages.h"
#include "support/test_proxy.h"

#ifndef __SANITIZE_ADDRESS__

namespace frontdoor::testing {
namespace {

constexpr std::uint64_t kMostAllocations = 20'000;
constexpr int kMostTurns = 120;

// Each of the first ones, and then fewer and fewer: a handshake makes thousands.
std::uint64_t next_allocation(std::uint64_t n) { return n + 1 + n / 16; }

// Afterwards: a client that comes now is served, and nothing of the others is left.
void expect_recovery(TestProxy& proxy, std::uint64_t n) {
  proxy.time().advance(Millis{300});  // whoever accepts may pause
  proxy.settle({});
  const auto client = proxy.client();
  client->send(kGet);
  EXPECT_TRUE(proxy.until({client.get()}, [&] {
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

// Whether the n-th allocation came at all.
bool short_conversation_with_tls(std::uint64_t n, Shortage shortage) {
  ScriptedUpstream upstream;
  upstream.encrypt();
  upstream.always_reply(kHello);
  TestProxy proxy({&upstream});
  bool struck = false;
  {
    const auto client = proxy.client();
    client->send(kGet);
    ShortTurns turns(n, shortage);
    for (int i = 0; i < kMostTurns && !client->ended() && !complete_response(client->received()); ++i) {
      client->poll();
      turns.turn(proxy.worker());
      upstream.poll();
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
  expect_recovery(proxy, n);
  return struck;
}

TEST(ScarceMemoryTowardsTls, RefusesARequestAndNothingElse) {
  for (const Shortage shortage : {Shortage::OfOne, Shortage::FromThenOn}) {
    std::uint64_t n = 1;
    while (n < kMostAllocations && !::testing::Test::HasFailure() && short_conversation_with_tls(n, shortage)) n = next_allocation(n);
    EXPECT_GT(n, 50u);
    EXPECT_LT(n, kMostAllocations);
  }
}

}  // namespace
}  // namespace frontdoor::testing

#endif
