// An upstream that leaves its pool: it gets no new requests, those on it go on, and what has no end of its own is
// closed by the deadline. And what is counted of a pool's requests meanwhile.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "support/tunnel_talk.h"

namespace frontdoor::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;

constexpr std::string_view kLastGet = "GET / HTTP/1.1\r\nHost: e\r\nConnection: close\r\n\r\n";
constexpr std::string_view kEvents = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n";

void leave_within(TestProxy& proxy, std::size_t i, Duration window) {
  proxy.upstream(i).drain(proxy.time().now(), proxy.time().now() + window);
}

TEST(LeavingUpstream, GetsNoNewRequestsAndFinishesThoseItHas) {
  ScriptedUpstream old_one;
  ScriptedUpstream new_one;
  new_one.always_reply("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew");
  TestProxy proxy({&old_one, &new_one});
  const auto client = proxy.client();
  client->send(kLastGet);
  proxy.settle({client.get()});
  if (old_one.connections() == 0) {  // the rotation began with the other one
    client->send(kLastGet);
    proxy.settle({client.get()});
  }
  const auto waiting = proxy.client();
  if (old_one.connections() == 0) {
    waiting->send(kLastGet);
    ASSERT_TRUE(proxy.until({waiting.get()}, [&] { return old_one.connections() == 1; }));
  }
  ASSERT_EQ(old_one.connections(), 1u);
  EXPECT_EQ(proxy.upstream(0).in_flight(), 1u);

  leave_within(proxy, 0, 25s);
  EXPECT_FALSE(proxy.upstream(0).available()) << "at once, whatever snapshot a request began with";
  proxy.settle({client.get(), waiting.get()});
  EXPECT_TRUE(proxy.upstream(0).acknowledged());
  for (int i = 0; i < 4; ++i) EXPECT_EQ(body_of(proxy.converse(kLastGet)), "new");
  EXPECT_EQ(old_one.connections(), 1u);

  old_one.last().send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nold");
  Peer* const asked = old_one.last().saw("\r\n\r\n") && !client->saw("new") ? client.get() : waiting.get();
  ASSERT_TRUE(proxy.until({client.get(), waiting.get()}, [&] { return asked->saw("old"); }));
  EXPECT_EQ(proxy.upstream(0).in_flight(), 0u);
}

TEST(LeavingUpstream, ItsDeathIsNoticedByThoseThatAreOnIt) {
  ScriptedUpstream old_one;
  TestProxy proxy({&old_one});
  const auto client = proxy.client();
  client->send(kLastGet);
  ASSERT_TRUE(proxy.until({client.get()}, [&] { return old_one.connections() == 1 && old_one.last().saw("\r\n\r\n"); }));
  leave_within(proxy, 0, 25s);
  proxy.settle({client.get()});
  Upstream& upstream = proxy.upstream(0);
  EXPECT_TRUE(upstream.change(upstream.seen(), UpstreamState::Down, "its process has ended", proxy.time().now(),
                              DownCause::Dead));
  EXPECT_FALSE(upstream.acknowledged()) << "not before the worker has heard of it";
  proxy.settle({client.get()});
  EXPECT_TRUE(upstream.acknowledged());
  const auto on_it = upstream.casualties().take(proxy.time().now());
  ASSERT_EQ(on_it.size(), 1u);
  EXPECT_EQ(on_it.front().request, "GET /");
  EXPECT_FALSE(on_it.front().request_id.empty());
}

TEST(LeavingUpstream, ItsWebSocketIsClosedAsInADrain) {
  TunnelTalk talk;
  talk.open();
  leave_within(talk.proxy, 0, 25s);
  ASSERT_TRUE(talk.client_gets(server_close(1012)));
  talk.client->send(client_close(1012));
  ASSERT_TRUE(talk.until([&] { return talk.server().ended(); }));
  EXPECT_EQ(code_in_masked_close(talk.server().received()), 1001);
  talk.server().send(server_close(1001));
  talk.server().finish();
  ASSERT_TRUE(talk.until([&] { return talk.client->ended(); }));
  talk.client->close();
  EXPECT_TRUE(talk.nothing_left());
}

TEST(LeavingUpstream, AWebSocketWhoseClientDoesNotAnswerEndsBeforeTheDeadline) {
  TunnelTalk talk;
  talk.open();
  leave_within(talk.proxy, 0, 25s);
  ASSERT_TRUE(talk.client_gets(server_close(1012)));
  talk.pass(25s * 9 / 10);
  talk.client->close();
  talk.server().close();
  EXPECT_TRUE(talk.nothing_left());
}

TEST(LeavingUpstream, AWebSocketThatOpensMeanwhileIsClosed) {
  TunnelTalk talk;
  talk.client->send(kHandshake);
  ASSERT_TRUE(talk.asked());
  leave_within(talk.proxy, 0, 25s);
  talk.settle();
  talk.server().send(kSwitch);
  ASSERT_TRUE(talk.until([&] { return talk.client->received().ends_with(server_close(1012)); }));
}

TEST(LeavingUpstream, AnUnknownTunnelAndAnEventStreamHaveDrainStreams) {
  TunnelTalk tunnel;
  tunnel.open(kOtherHandshake, kOtherSwitch);
  leave_within(tunnel.proxy, 0, 25s);
  tunnel.pass(2s);
  EXPECT_FALSE(tunnel.client->ended());
  tunnel.pass(3s);
  EXPECT_TRUE(tunnel.client->ended());

  TunnelTalk events;
  events.client->send(kLastGet);
  ASSERT_TRUE(events.asked());
  events.server().send(kEvents);
  ASSERT_TRUE(events.until([&] { return events.client->saw("data: 1"); }));
  leave_within(events.proxy, 0, 25s);
  events.pass(2s);
  EXPECT_FALSE(events.client->ended());
  events.pass(3s);
  EXPECT_TRUE(events.client->ended());
}

TEST(LeavingUpstream, AnEventStreamThatBeginsMeanwhileIsEndedToo) {
  TunnelTalk events;
  events.client->send(kLastGet);
  ASSERT_TRUE(events.asked());
  leave_within(events.proxy, 0, 25s);
  events.settle();
  events.server().send(kEvents);
  ASSERT_TRUE(events.until([&] { return events.client->saw("data: 1"); }));
  events.pass(5s);
  EXPECT_TRUE(events.client->ended());
}

TEST(LeavingUpstream, ItsNextLifeKnowsNothingOfIt) {
  ScriptedUpstream upstream;
  upstream.always_reply("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  TestProxy proxy({&upstream});
  Upstream& shared = proxy.upstream(0);
  leave_within(proxy, 0, 0s);
  proxy.settle({});
  shared.change(shared.seen(), UpstreamState::Down, "its process has ended", proxy.time().now(), DownCause::Dead);
  proxy.settle({});
  shared.judge_anew(proxy.time().now());
  shared.change(shared.seen(), UpstreamState::Up, "first probe passed", proxy.time().now());
  EXPECT_EQ(body_of(proxy.converse(kLastGet)), "ok");
}

// ---- What is counted

PoolTraffic traffic(TestProxy& proxy) {
  proxy.settle({});
  proxy.time().advance(1s);  // workers report from time to time
  proxy.settle({});
  return proxy.snapshot()->pools.front().memory->traffic.read();
}

TEST(PoolTraffic, ServedAndReplayed) {
  ScriptedUpstream first;
  ScriptedUpstream second;
  second.always_reply("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  TestProxy proxy({&first, &second});
  const auto client = proxy.client();
  const auto other = proxy.client();
  client->send(kLastGet);
  other->send(kLastGet);
  ASSERT_TRUE(proxy.until({client.get(), other.get()}, [&] { return first.connections() == 1 && first.last().saw("\r\n\r\n"); }));
  first.last().reset();
  ASSERT_TRUE(proxy.until({client.get(), other.get()}, [&] { return client->saw("ok") && other->saw("ok"); }));
  const PoolTraffic counted = traffic(proxy);
  EXPECT_EQ(counted.requests, 2u);
  EXPECT_EQ(counted.replayed, 1u);
  EXPECT_EQ(counted.lost, 0u);
  EXPECT_EQ(counted.served(), 2u);
}

TEST(PoolTraffic, LostAndHeldAndLeft) {
  ScriptedUpstream upstream;
  TestProxy proxy({&upstream}, "", "retry = { attempts = 0, containment = false }");
  const auto lost = proxy.client();
  lost->send("POST / HTTP/1.1\r\nHost: e\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  ASSERT_TRUE(proxy.until({lost.get()}, [&] { return upstream.connections() == 1 && upstream.last().saw("\r\n\r\n"); }));
  upstream.last().reset();
  ASSERT_TRUE(proxy.until({lost.get()}, [&] { return lost->saw("HTTP/1.1 502"); }));

  const auto cut = proxy.client();
  cut->send(kLastGet);
  ASSERT_TRUE(proxy.until({cut.get()}, [&] { return upstream.connections() == 2 && upstream.last().saw("\r\n\r\n"); }));
  upstream.last().send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  ASSERT_TRUE(proxy.until({cut.get()}, [&] { return cut->saw("half"); }));
  upstream.last().reset();
  ASSERT_TRUE(proxy.until({cut.get()}, [&] { return cut->ended(); }));

  Upstream& shared = proxy.upstream(0);
  shared.change(shared.seen(), UpstreamState::Down, "hangs", proxy.time().now(), DownCause::Hung);
  const auto held = proxy.client();
  held->send(kLastGet);
  proxy.settle({held.get()});
  held->close();
  proxy.settle({});

  const PoolTraffic counted = traffic(proxy);
  EXPECT_EQ(counted.requests, 3u);
  EXPECT_EQ(counted.lost, 2u) << "one answered by us, one cut";
  EXPECT_EQ(counted.held, 1u);
  EXPECT_EQ(counted.left, 1u);
  EXPECT_EQ(counted.served(), 0u);
}

TEST(PoolTraffic, IsTakenFromWhatWasBefore) {
  const PoolTraffic before{10, 1, 2, 3, 4};
  const PoolTraffic after{25, 2, 4, 6, 8};
  EXPECT_EQ(after.since(before), (PoolTraffic{15, 1, 2, 3, 4}));
  EXPECT_EQ(after.since(before).served(), 8u);
  EXPECT_EQ((PoolTraffic{1, 0, 0, 1, 1}).served(), 0u) << "the requests of this moment are counted a little later";
}

}  // namespace
}  // namespace frontdoor::testing
