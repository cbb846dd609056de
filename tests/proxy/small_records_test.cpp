// Clients over TLS that seal each byte by itself, 23 on the wire: a socket full of them is not all worked off before others
// get their turn.

#include <gtest/gtest.h>

#include <algorithm>

#include "support/h2_client.h"

namespace frontdoor::testing {
namespace {

constexpr int kTurns = 10;
constexpr std::size_t kMostInOne = 100;  // what is passed on of a turn's sixteen, with the coding around it

void seal_each_byte(Peer& client, std::string_view bytes) {
  for (const char& byte : bytes) client.send({&byte, 1});
  ASSERT_TRUE(client.all_sent());
}

TEST(SmallRecords, OfABodyInHttp2AreReadAFewInATurn) {
  ScriptedUpstream upstream;
  TestProxy proxy({&upstream}, "tls = \"self-signed\"");
  H2Client client(proxy);
  client.send(h2::headers(1, h2::post(), h2::kEndHeaders));
  ASSERT_TRUE(client.until([&] { return upstream.connections() == 1 && upstream.last().saw("\r\n\r\n"); }));
  client.settle();
  const std::size_t before = upstream.last().received().size();
  seal_each_byte(client.peer(), h2::end_of(1, std::string(4000, 'u')));
  for (int turn = 0; turn < kTurns; ++turn) proxy.worker().run_once(Millis{0});
  upstream.poll();
  EXPECT_LE(upstream.last().received().size() - before, kTurns * kMostInOne);
  ASSERT_TRUE(client.until([&] { return upstream.last().saw("\r\n0\r\n\r\n"); }));
  const std::string all = upstream.last().received().substr(before);
  EXPECT_EQ(std::count(all.begin(), all.end(), 'u'), 4000);
}

TEST(SmallRecords, OfAHeadInHttp1AreReadAFewInATurn) {
  ScriptedUpstream upstream;
  TestProxy proxy({&upstream}, "tls = \"self-signed\"");
  const auto client = proxy.client();
  client->send("G");
  proxy.settle({client.get()});
  seal_each_byte(*client, "ET / HTTP/1.1\r\nHost: app.example\r\nX-Long: " + std::string(4000, 'u') + "\r\n\r\n");
  for (int turn = 0; turn < kTurns; ++turn) proxy.worker().run_once(Millis{0});
  upstream.poll();
  EXPECT_EQ(upstream.connections(), 0u);
  EXPECT_TRUE(proxy.until({client.get()}, [&] { return upstream.connections() == 1 && upstream.last().saw("uu\r\n"); }));
}

}  // namespace
}  // namespace frontdoor::testing
