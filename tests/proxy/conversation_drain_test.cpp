// How a drain ends tunnels: WebSockets by their own close handshake and never inside a frame, others within
// drain_streams.

#include <gtest/gtest.h>

#include "support/tunnel_talk.h"

namespace frontdoor::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using namespace std::chrono_literals;

constexpr int kServiceRestart = 1012;
constexpr int kGoingAway = 1001;

struct DrainTalk : TunnelTalk {
  using TunnelTalk::TunnelTalk;

  // The upstream's side of a clean close: our frame for it, and it answers and ends.
  void server_sees_its_client_leave(std::string_view before = "") {
    ASSERT_TRUE(until([&] { return server().ended(); }));
    EXPECT_FALSE(server().was_reset());
    ASSERT_THAT(server().received(), StartsWith(std::string(before)));
    EXPECT_EQ(code_in_masked_close(std::string_view(server().received()).substr(before.size())), kGoingAway);
    server().send(server_close(kGoingAway));
    server().finish();
  }
};

TEST(DrainedWebSocket, BothSidesAreClosedCleanly) {
  DrainTalk talk;
  talk.open();
  talk.drain(25s);
  ASSERT_TRUE(talk.client_gets(server_close(kServiceRestart)));
  talk.settle();
  EXPECT_EQ(talk.server().received(), "") << "the client's answer comes first";
  talk.client->send(client_close(kServiceRestart));
  talk.server_sees_its_client_leave();
  ASSERT_TRUE(talk.until([&] { return talk.client->ended(); }));
  EXPECT_FALSE(talk.client->was_reset());
  EXPECT_EQ(talk.client->received(), server_close(kServiceRestart)) << "and nothing behind it";
  talk.client->close();
  EXPECT_TRUE(talk.nothing_left());
  EXPECT_THAT(talk.proxy.log(), HasSubstr("\"status\":101,\"outcome\":\"drained\""));
}

TEST(DrainedWebSocket, IsNeverClosedInsideAFrame) {
  const std::string frame = server_frame("a message in pieces");
  for (std::size_t sent = 1; sent < frame.size(); ++sent) {
    DrainTalk talk;
    talk.open();
    talk.server().send(frame.substr(0, sent));
    ASSERT_TRUE(talk.client_gets(frame.substr(0, sent)));
    talk.drain(25s);
    talk.settle();
    ASSERT_EQ(talk.client->received().size(), sent) << "in the middle of a frame after " << sent << " bytes";
    talk.server().send(frame.substr(sent) + server_frame("one too many"));
    ASSERT_TRUE(talk.client_gets(frame + server_close(kServiceRestart))) << sent;
  }
}

TEST(DrainedWebSocket, WhatTheClientStillSendsArrivesAndOurCloseStandsForItsOwn) {
  const std::string frame = client_frame("sent before it knew");
  for (std::size_t sent = 0; sent < frame.size(); ++sent) {
    DrainTalk talk;
    talk.open();
    talk.client->send(frame.substr(0, sent));
    ASSERT_TRUE(talk.server_gets(frame.substr(0, sent)));
    talk.drain(25s);
    ASSERT_TRUE(talk.client_gets(server_close(kServiceRestart)));
    talk.client->send(frame.substr(sent) + client_close(kServiceRestart));
    talk.server_sees_its_client_leave(frame);
    ASSERT_TRUE(talk.until([&] { return talk.client->ended(); })) << sent;
  }
}

TEST(DrainedWebSocket, BetweenTheFragmentsOfAMessageIsABoundary) {
  DrainTalk talk;
  talk.open();
  std::string fragment = server_frame("to be continued");
  fragment[0] = 0x01;  // FIN is not set
  talk.server().send(fragment);
  ASSERT_TRUE(talk.client_gets(fragment));
  talk.drain(25s);
  EXPECT_TRUE(talk.client_gets(fragment + server_close(kServiceRestart)));
}

TEST(DrainedWebSocket, AClientThatDoesNotAnswerIsWaitedForOnlyForAWhile) {
  DrainTalk talk;
  talk.open();
  talk.drain(25s);
  ASSERT_TRUE(talk.client_gets(server_close(kServiceRestart)));
  talk.pass(4s);
  EXPECT_EQ(talk.server().received(), "");
  talk.pass(2s);
  talk.server_sees_its_client_leave();
  ASSERT_TRUE(talk.until([&] { return talk.client->ended(); }));
  EXPECT_FALSE(talk.client->was_reset());
  EXPECT_THAT(talk.proxy.log(), HasSubstr("\"outcome\":\"drained\""));
}

TEST(DrainedWebSocket, AClientThatStopsInsideAFrameLeavesItAsItIs) {
  DrainTalk talk;
  talk.open();
  const std::string half = client_frame("half of it").substr(0, 9);
  talk.client->send(half);
  ASSERT_TRUE(talk.server_gets(half));
  talk.drain(25s);
  ASSERT_TRUE(talk.client_gets(server_close(kServiceRestart)));
  talk.pass(6s);
  ASSERT_TRUE(talk.until([&] { return talk.server().ended(); }));
  EXPECT_EQ(talk.server().received(), half);
}

TEST(DrainedWebSocket, AClientThatOnlyEndsHasAnsweredToo) {
  DrainTalk talk;
  talk.open();
  talk.drain(25s);
  ASSERT_TRUE(talk.client_gets(server_close(kServiceRestart)));
  talk.client->finish();
  talk.server_sees_its_client_leave();
  EXPECT_TRUE(talk.until([&] { return talk.client->ended(); }));
}

TEST(DrainedWebSocket, AnUpstreamThatDoesNotEndIsNotWaitedForLong) {
  DrainTalk talk;
  talk.open();
  talk.drain(25s);
  ASSERT_TRUE(talk.client_gets(server_close(kServiceRestart)));
  talk.client->send(client_close(kServiceRestart));
  ASSERT_TRUE(talk.until([&] { return talk.server().ended(); }));
  EXPECT_FALSE(talk.client->ended());
  talk.pass(6s);
  EXPECT_TRUE(talk.until([&] { return talk.client->ended(); }));
  EXPECT_FALSE(talk.client->was_reset());
}

TEST(DrainedWebSocket, WhatTheUpstreamSendsBehindOurCloseGoesNowhere) {
  DrainTalk talk;
  talk.open();
  talk.drain(25s);
  ASSERT_TRUE(talk.client_gets(server_close(kServiceRestart)));
  for (int i = 0; i < 16; ++i) talk.server().send(std::string(1 << 20, 'x'));
  EXPECT_TRUE(talk.until([&] { return talk.server().all_sent(); })) << "read all the same: it must see its close";
  talk.client->send(client_close(kServiceRestart));
  talk.server_sees_its_client_leave();
  ASSERT_TRUE(talk.until([&] { return talk.client->ended(); }));
  EXPECT_EQ(talk.client->received(), server_close(kServiceRestart));
}

TEST(DrainedWebSocket, AHandshakeOfTheirOwnIsLeftAlone) {
  for (const bool client_began : {true, false}) {
    DrainTalk talk;
    talk.open();
    if (client_began) {
      talk.client->send(client_close(1000));
      ASSERT_TRUE(talk.server_gets(client_close(1000)));
    } else {
      talk.server().send(server_close(4000));
      ASSERT_TRUE(talk.client_gets(server_close(4000)));
    }
    talk.drain(25s);
    talk.pass(1s);
    EXPECT_EQ(talk.client->received(), client_began ? "" : server_close(4000));
    if (client_began) {
      talk.server().send(server_close(1000));
    } else {
      talk.client->send(client_close(4000));
    }
    talk.server().finish();
    ASSERT_TRUE(talk.until([&] { return talk.client->ended(); }));
    EXPECT_EQ(talk.client->received(), server_close(client_began ? 1000 : 4000));
    talk.client->close();
    talk.settle();
    EXPECT_THAT(talk.proxy.log(), HasSubstr("\"outcome\":\"served\""));
  }
}

TEST(DrainedWebSocket, EachHasItsOwnMoment) {
  TunnelTalk talk;
  std::vector<std::unique_ptr<Peer>> clients;
  std::vector<Peer*> peers;
  constexpr std::size_t kTunnels = 20;
  for (std::size_t i = 0; i < kTunnels; ++i) {
    clients.push_back(talk.proxy.client());
    peers.push_back(clients.back().get());
    Peer& client = *clients.back();
    client.send(kHandshake);
    ASSERT_TRUE(talk.proxy.until(peers, [&] { return talk.upstream.connections() == i + 1 && talk.server().saw("\r\n\r\n"); }));
    talk.server().send(kSwitch);
    ASSERT_TRUE(talk.proxy.until(peers, [&] { return client.saw("\r\n\r\n"); }));
    client.forget();
  }
  const auto closed = [&] {
    return static_cast<std::size_t>(std::count_if(clients.begin(), clients.end(), [](const auto& c) {
      return c->received() == server_close(kServiceRestart);
    }));
  };
  talk.drain(2s);  // 1.6 s for 20 of them
  std::size_t before = 0;
  for (int step = 0; step < 8; ++step) {
    talk.proxy.settle(peers);
    const std::size_t now = closed();
    EXPECT_LE(now - before, 5u) << "not all at once: step " << step;
    before = now;
    talk.proxy.time().advance(200ms);
  }
  talk.proxy.settle(peers);
  EXPECT_EQ(closed(), kTunnels);
}

TEST(DrainedWebSocket, OneThatBeginsDuringTheDrainIsClosedToo) {
  DrainTalk talk;
  talk.drain(25s);
  talk.settle();
  talk.open();
  EXPECT_TRUE(talk.until([&] {
    talk.proxy.time().advance(50ms);
    return talk.client->received() == server_close(kServiceRestart);
  }));
}

TEST(DrainedWebSocket, TheMomentIsNotBeforeTheWindow) {
  DrainTalk talk;
  talk.open();
  const TimePoint now = talk.proxy.time().now();
  talk.proxy.worker().drain({now + 5s, now + 25s});  // drain_delay
  talk.pass(4s);
  talk.client->send(client_frame("as ever"));
  EXPECT_TRUE(talk.server_gets(client_frame("as ever")));
  EXPECT_EQ(talk.client->received(), "");
  talk.pass(2s);
  EXPECT_TRUE(talk.client_gets(server_close(kServiceRestart)));
}

// Behind an upstream that is down, in a queue that lets them wait for longer than the drain lasts.
struct HeldTalk {
  ScriptedUpstream upstream;
  std::unique_ptr<TestProxy> proxy;
  std::unique_ptr<Peer> client;

  HeldTalk() : proxy(std::make_unique<TestProxy>(std::vector{&upstream}, "", "hold.timeout = \"60s\"")) {
    Upstream& down = proxy->upstream(0);
    EXPECT_TRUE(down.change(down.seen(), UpstreamState::Down, "test", proxy->time().now(), DownCause::Dead));
    client = proxy->client();
    client->send("GET / HTTP/1.1\r\nHost: e\r\n\r\n");
    proxy->settle({client.get()});
  }
};

TEST(DrainedHold, AnswersWith503BeforeTheCut) {
  HeldTalk talk;
  const TimePoint now = talk.proxy->time().now();
  talk.proxy->worker().drain({now, now + 25s});
  talk.proxy->settle({talk.client.get()});
  talk.proxy->time().advance(22s);
  talk.proxy->settle({talk.client.get()});
  EXPECT_EQ(talk.client->received(), "") << "there is time left";
  talk.proxy->time().advance(600ms);
  ASSERT_TRUE(talk.proxy->until({talk.client.get()}, [&] { return talk.client->ended(); }));
  EXPECT_THAT(talk.client->received(), StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(talk.client->received(), HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(talk.client->received(), HasSubstr("Retry-After: "));
  EXPECT_THAT(talk.client->received(), HasSubstr("drained"));
}

TEST(DrainedHold, AlsoWhenTheStopWaitsForNobody) {
  HeldTalk talk;
  talk.proxy.reset();
  talk.client->poll();
  EXPECT_THAT(talk.client->received(), StartsWith("HTTP/1.1 503 "));
}

TEST(DrainedTunnel, OtherProtocolsAreCutWithinDrainStreams) {
  TunnelTalk talk("[timeouts]\ndrain_streams = \"8s\"\n");
  talk.open(kOtherHandshake, kOtherSwitch);
  talk.drain(25s);
  talk.pass(3900ms);
  EXPECT_EQ(talk.proxy.worker().open_work().tunnels, 1u);
  talk.client->send("as ever");
  EXPECT_TRUE(talk.server_gets("as ever"));
  talk.pass(4100ms);
  EXPECT_TRUE(talk.until([&] { return talk.client->ended() && talk.server().ended(); }));
  EXPECT_EQ(talk.client->received(), "");
  EXPECT_TRUE(talk.nothing_left());
  EXPECT_THAT(talk.proxy.log(), HasSubstr("\"outcome\":\"drained\""));
}

TEST(DrainedTunnel, WhoStopsReadingOrMakesNoSenseHoldsNothingUp) {
  for (const bool blocked : {true, false}) {
    TunnelTalk talk("[timeouts]\nclient_write = \"60s\"\n");
    talk.open();
    talk.client->pause_reading(blocked);
    // Either more than fits, or a frame whose length is none.
    const std::string bytes = blocked ? std::string(24 << 20, '\0') : std::string("\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff", 10);
    talk.server().send(bytes);
    talk.settle();
    talk.drain(25s);
    talk.pass(26s);
    talk.proxy.worker().cut_all();
    EXPECT_TRUE(talk.until([&] { return talk.server().ended(); }));
    talk.client->pause_reading(false);
    EXPECT_TRUE(talk.until([&] { return talk.client->ended(); }));
    EXPECT_THAT(talk.client->received(), Not(HasSubstr(server_close(kServiceRestart))));
  }
}

}  // namespace
}  // namespace frontdoor::testing
