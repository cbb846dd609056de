// Upstreams of https: what happens around a handshake, and what an idle connection makes of TLS's own messages.

#include <gtest/gtest.h>

#include "support/messages.h"
#include "support/test_proxy.h"

namespace frontdoor::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// The first one takes connections and never shakes hands, the second one serves.
struct HttpsTalk {
  ScriptedUpstream silent;
  ScriptedUpstream good;
  TestProxy proxy;
  std::unique_ptr<Peer> client;

  HttpsTalk() : proxy({claim(silent), speak(good)}), client(proxy.client()) { good.always_reply(kHello); }
  static ScriptedUpstream* claim(ScriptedUpstream& upstream) {
    upstream.encrypt(ScriptedUpstream::Https::ClaimedOnly);
    return &upstream;
  }
  static ScriptedUpstream* speak(ScriptedUpstream& upstream) {
    upstream.encrypt();
    return &upstream;
  }
  void settle() { proxy.settle({client.get()}); }
  // It waits for the first one's part of the handshake.
  void ask(const char* request) {
    client->send(request);
    settle();
    ASSERT_EQ(silent.connections(), 1u);
    ASSERT_FALSE(silent.last().received().empty());
    EXPECT_FALSE(silent.last().saw("HTTP/1.1"));
  }
};

TEST(TlsUpstream, WhoGoesDownWithinAHandshakeIsLeftAtOnce) {
  for (const char* request : {kGet, kPost}) {
    for (const DownCause cause : {DownCause::Dead, DownCause::Hung, DownCause::Unwell}) {
      HttpsTalk talk;
      talk.ask(request);
      Upstream& upstream = talk.proxy.upstream(0);
      upstream.change(upstream.seen(), UpstreamState::Down, "test", talk.proxy.time().now(), cause);
      talk.settle();
      EXPECT_EQ(body_of(talk.client->received()), "hello") << request;
      EXPECT_EQ(talk.good.requests(), 1u);
      EXPECT_TRUE(talk.silent.last().ended());
      EXPECT_EQ(upstream.in_flight(), 0u);
    }
  }
}

TEST(TlsUpstream, AHandshakeHasTheTimeOfAConnect) {
  HttpsTalk talk;
  talk.ask(kPost);
  talk.proxy.time().advance(900ms);
  talk.settle();
  EXPECT_FALSE(talk.silent.last().ended());
  talk.proxy.time().advance(200ms);
  talk.settle();
  EXPECT_TRUE(talk.silent.last().ended());
  EXPECT_EQ(body_of(talk.client->received()), "hello");
  const std::string line = talk.proxy.log();
  EXPECT_THAT(line, HasSubstr("\"outcome\":\"connect_timeout\""));
  EXPECT_THAT(line, HasSubstr("\"detail\":\"no TLS handshake in time\""));
}

TEST(TlsUpstream, AClientThatLeavesEndsTheHandshakeThatNobodyWantsAnyMore) {
  HttpsTalk talk;
  talk.ask(kGet);
  talk.client->reset();
  talk.settle();
  EXPECT_TRUE(talk.silent.last().ended());
  EXPECT_EQ(talk.good.connections(), 0u);
  EXPECT_EQ(talk.proxy.upstream(0).in_flight(), 0u);
}

TEST(TlsUpstream, WhoSpeaksSomethingElseOrBreaksOffCostsNoPost) {
  for (const char* answer : {"HTTP/1.1 400 Bad Request\r\n\r\n", "", "\x15\x03\x03\x00\x02\x02\x28"}) {
    HttpsTalk talk;
    talk.ask(kPost);
    talk.silent.last().send({answer, *answer == 0x15 ? 7u : std::strlen(answer)});
    if (*answer == 0) talk.silent.last().finish();
    talk.settle();
    EXPECT_EQ(body_of(talk.client->received()), "hello") << answer;
    EXPECT_TRUE(talk.silent.last().ended());
    EXPECT_THAT(talk.proxy.log(), HasSubstr("\"outcome\":\"tls_failed\""));
  }
}

// More than one turn of the loop may do.
TEST(TlsUpstream, ManyShakeHandsAtOnce) {
  ScriptedUpstream good;
  TestProxy proxy({HttpsTalk::speak(good)});
  std::vector<std::unique_ptr<Peer>> clients;
  std::vector<Peer*> peers;
  for (int i = 0; i < 40; ++i) {
    clients.push_back(proxy.client());
    clients.back()->send(kGet);
    peers.push_back(clients.back().get());
  }
  proxy.settle(peers);
  ASSERT_EQ(good.connections(), 40u);
  for (std::size_t i = 0; i < 40; ++i) good.connection(i).send(kHello);
  proxy.settle(peers);
  for (const auto& client : clients) EXPECT_EQ(body_of(client->received()), "hello");
}

// ---- IdleHttps connections

struct IdleHttps {
  ScriptedUpstream upstream;
  TestProxy proxy;
  std::unique_ptr<Peer> client;

  IdleHttps() : proxy({HttpsTalk::speak(upstream)}), client(proxy.client()) { upstream.always_reply(kHello); }
  void settle() { proxy.settle({client.get()}); }
  void ask(const char* request = kPost) {
    client->forget();
    client->send(request);
    settle();
    EXPECT_EQ(body_of(client->received()), "hello");
  }
};

TEST(TlsUpstream, TicketsAreNoReasonToDropAnIdleConnection) {
  IdleHttps idle;
  for (int i = 0; i < 5; ++i) idle.ask();
  EXPECT_EQ(idle.upstream.connections(), 1u);
}

// A close_notify alone, before the FIN: the connection is gone, and how long it was kept is noted as ever.
TEST(TlsUpstream, AnAnnouncedEndIsAnEndAndTeachesTheIdleLimit) {
  IdleHttps idle;
  for (int i = 0; i < 2; ++i) {
    idle.ask();
    idle.proxy.time().advance(3s);
    idle.settle();
    idle.upstream.last().announce_end();
    idle.settle();
    EXPECT_TRUE(idle.upstream.last().ended()) << "we have closed it";
  }
  EXPECT_EQ(idle.proxy.upstream(0).learned_idle_limit(), 3s);
  idle.ask();
  EXPECT_EQ(idle.upstream.connections(), 3u);
  EXPECT_THAT(idle.proxy.log(), ::testing::Not(HasSubstr("stale_connection")));
}

TEST(TlsUpstream, BytesThatNobodyAskedForEndAnIdleConnection) {
  IdleHttps idle;
  idle.ask();
  idle.upstream.last().send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
  idle.settle();
  EXPECT_TRUE(idle.upstream.last().ended());
  idle.ask();
  EXPECT_EQ(idle.upstream.connections(), 2u);
}

TEST(TlsUpstream, AnEndWithoutAWordIsAnEndOfAnIdleConnectionToo) {
  IdleHttps idle;
  idle.ask();
  idle.upstream.last().close();
  idle.settle();
  idle.ask();
  EXPECT_EQ(idle.upstream.connections(), 2u);
  EXPECT_THAT(idle.proxy.log(), ::testing::Not(HasSubstr("stale_connection")));
}

// What ends with the connection must say so, or somebody on the way could make half of it look whole.
TEST(TlsUpstream, ABodyUntilTheEndIsCompleteOnlyIfTheEndIsAnnounced) {
  for (const bool announced : {true, false}) {
    ScriptedUpstream upstream;
    TestProxy proxy({HttpsTalk::speak(upstream)});
    auto client = proxy.client();
    client->send(kGet);
    proxy.settle({client.get()});
    ASSERT_EQ(upstream.connections(), 1u);
    upstream.last().send("HTTP/1.1 200 OK\r\n\r\nbody");
    proxy.settle({client.get()});
    announced ? upstream.last().finish() : upstream.last().close();
    proxy.settle({client.get()});
    EXPECT_EQ(complete_response(client->received()), announced) << client->received();
    EXPECT_THAT(proxy.log(), HasSubstr(announced ? "\"outcome\":\"served\"" : "\"outcome\":\"response_truncated\""));
  }
}

}  // namespace
}  // namespace frontdoor::testing
