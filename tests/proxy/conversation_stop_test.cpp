// What a drain does with connections on which nothing happens, and with streams that have no end of their own
// (docs/adr/0011). Tunnels: conversation_drain_test.cpp.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

#include "support/messages.h"
#include "support/tunnel_talk.h"

namespace frontdoor::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;

constexpr const char* kTwoBytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

struct Stop {
  ScriptedUpstream upstream;
  TestProxy proxy;
  std::vector<std::unique_ptr<Peer>> clients;

  explicit Stop(std::string_view extra = "") : proxy({&upstream}, extra) { upstream.always_reply(kTwoBytes); }

  std::vector<Peer*> peers() const {
    std::vector<Peer*> all;
    for (const auto& client : clients) all.push_back(client.get());
    return all;
  }
  void settle() { proxy.settle(peers()); }
  void pass(Duration time) {
    settle();
    proxy.time().advance(time);
    settle();
  }
  bool until(const std::function<bool()>& done) { return proxy.until(peers(), done); }
  Peer& connect() {
    clients.push_back(proxy.client());
    return *clients.back();
  }
  bool served(Peer& client) {
    client.forget();
    client.send(kGet);
    return until([&] { return complete_response(client.received()); });
  }
  // A client whose last request is so long ago.
  Peer& idle_for(Duration time) {
    Peer& client = connect();
    EXPECT_TRUE(served(client));
    client.forget();
    pass(150ms);  // parked
    pass(time);
    return client;
  }
  void stop(Duration drain = 25s) {
    const TimePoint now = proxy.time().now();
    proxy.worker().drain({now, now + drain});
    proxy.worker().stop_accepting();
    pass(40ms);  // more than a tick of the wheel
  }
  std::uint64_t open() { return proxy.worker().open_connections(); }
};

TEST(StoppedIdle, ALongIdleConnectionIsEndedAtOnce) {
  Stop talk;
  Peer& client = talk.idle_for(10s);
  talk.stop();
  ASSERT_TRUE(talk.until([&] { return client.ended(); }));
  EXPECT_FALSE(client.was_reset());
  EXPECT_EQ(client.received(), "");
  client.close();
  talk.settle();
  EXPECT_EQ(talk.open(), 0u);
}

TEST(StoppedIdle, AClientThatDoesNotEndIsWaitedForOnlyForAMoment) {
  Stop talk;
  Peer& client = talk.idle_for(10s);
  talk.stop();
  ASSERT_TRUE(talk.until([&] { return client.ended(); }));
  EXPECT_EQ(talk.open(), 1u);
  talk.pass(300ms);
  EXPECT_EQ(talk.open(), 0u);
}

TEST(StoppedIdle, DuringTheDelayItLivesOnAndTheNextAnswerTellsItToGo) {
  Stop talk;
  Peer& one = talk.idle_for(10s);
  Peer& other = talk.idle_for(10s);
  const TimePoint now = talk.proxy.time().now();
  talk.proxy.worker().drain({now + 5s, now + 25s});
  talk.pass(4s);
  EXPECT_FALSE(one.ended());
  ASSERT_TRUE(talk.served(one));
  EXPECT_THAT(one.received(), HasSubstr("\r\nConnection: close\r\n"));
  ASSERT_TRUE(talk.until([&] { return one.ended(); }));
  EXPECT_FALSE(other.ended());
}

TEST(StoppedIdle, OneThatWasUsedAMomentAgoKeepsTheTimeForItsNextRequest) {
  for (const bool sends : {true, false}) {
    Stop talk;
    Peer& client = talk.connect();
    ASSERT_TRUE(talk.served(client));
    talk.stop();
    talk.pass(110ms);  // parked
    talk.pass(100ms);
    ASSERT_FALSE(client.ended());
    if (sends) {
      ASSERT_TRUE(talk.served(client));
      EXPECT_THAT(client.received(), HasSubstr("\r\nConnection: close\r\n"));
    } else {
      talk.pass(130ms);
      talk.pass(40ms);
    }
    EXPECT_TRUE(talk.until([&] { return client.ended(); }));
    EXPECT_FALSE(client.was_reset());
  }
}

TEST(StoppedIdle, ANewConnectionHasTimeForItsFirstRequest) {
  Stop talk;
  Peer& silent = talk.connect();
  Peer& client = talk.connect();
  ASSERT_TRUE(talk.until([&] { return talk.open() == 2; }));
  talk.stop();
  talk.pass(1'500ms);
  EXPECT_FALSE(silent.ended());
  ASSERT_TRUE(talk.served(client));
  EXPECT_TRUE(client.ended() || talk.until([&] { return client.ended(); }));
  talk.pass(550ms);
  EXPECT_TRUE(talk.until([&] { return silent.ended(); }));
}

// Closing the listener would reset them. Each turn ends an idle connection, whose descriptor is the next client's.
TEST(StoppedIdle, WhomTheKernelHasAcceptedIsServedThoughDescriptorsHaveRunOut) {
  Stop test;
  std::vector<Peer*> late;
  // Not parked yet: each has a session, which takes a turn to end.
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(test.served(test.connect()));
  test.pass(50ms);
  for (int i = 0; i < 3; ++i) {
    late.push_back(&test.connect());
    late.back()->send(kGet);
  }
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const int next = ::dup(STDIN_FILENO);
  ::close(next);
  const rlimit none{static_cast<rlim_t>(next), before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  test.stop();
  ::setrlimit(RLIMIT_NOFILE, &before);  // the scripted upstream is of this process, and has to accept, too
  EXPECT_TRUE(test.until([&] {
    return std::all_of(late.begin(), late.end(), [](Peer* client) { return complete_response(client->received()); });
  }));
}

TEST(StoppedIdle, ARequestThatHasJustArrivedIsServed) {
  Stop talk;
  Peer& client = talk.idle_for(10s);
  const TimePoint now = talk.proxy.time().now();
  talk.proxy.worker().drain({now, now + 25s});
  talk.proxy.worker().stop_accepting();
  client.send(kGet);  // in the kernel, and the loop has not turned since
  ASSERT_TRUE(talk.until([&] { return complete_response(client.received()); }));
  EXPECT_THAT(client.received(), HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_TRUE(talk.until([&] { return client.ended(); }));
}

TEST(StoppedIdle, ARequestThatCrossesOurEndMeetsNoReset) {
  Stop talk;
  Peer& client = talk.idle_for(10s);
  talk.stop();
  client.send(kGet);
  talk.settle();
  EXPECT_TRUE(client.ended());
  EXPECT_FALSE(client.was_reset());
  EXPECT_EQ(talk.upstream.requests(), 1u) << "not done, so that it may be sent again";
  talk.pass(300ms);
  EXPECT_EQ(talk.open(), 0u);
}

TEST(StoppedIdle, WhoNeverStopsSendingIsNotReadForEver) {
  Stop talk;
  Peer& client = talk.idle_for(10s);
  talk.stop();
  ASSERT_TRUE(talk.until([&] { return client.ended(); }));
  client.send(std::string(8 << 20, 'x'));
  talk.pass(300ms);
  EXPECT_EQ(talk.open(), 0u);
}

TEST(StoppedIdle, ManyDoNotComeBackAtOnce) {
  Stop talk;
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(talk.served(talk.connect()));
  talk.pass(150ms);
  talk.pass(5s);
  talk.stop();
  const auto ended = [&] {
    return std::count_if(talk.clients.begin(), talk.clients.end(), [](const auto& c) { return c->ended(); });
  };
  std::ptrdiff_t before = ended();
  EXPECT_LE(before, 10);
  for (int step = 0; step < 8; ++step) {
    talk.pass(50ms);
    EXPECT_LE(ended() - before, 10) << "step " << step;
    before = ended();
  }
  talk.pass(40ms);
  EXPECT_EQ(ended(), 40);
}

TEST(StoppedIdle, AProxyThatHasNotSaidAnythingYetIsNoRequest) {
  Stop talk(
      "[[listener]]\naddress = \"127.0.0.1:0\"\nproxy_protocol = true\ntrusted_proxies = "
      "[\"127.0.0.0/8\"]\n");
  Peer& silent = talk.connect();
  Peer& late = talk.connect();
  ASSERT_TRUE(talk.until([&] { return talk.open() == 2; }));
  talk.stop();
  talk.pass(200ms);
  EXPECT_FALSE(silent.ended());
  late.send("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n");
  late.send(kGet);
  ASSERT_TRUE(talk.until([&] { return complete_response(late.received()); }));
  talk.pass(2s);
  EXPECT_TRUE(talk.until([&] { return silent.ended(); }));
}

TEST(StoppedIdle, ARequestUnderWayIsWaitedFor) {
  Stop talk;
  talk.upstream.always_reply("");
  Peer& client = talk.connect();
  Peer& half = talk.connect();
  half.send("GET / HTTP/1.1\r\nHo");
  client.send(kGet);
  ASSERT_TRUE(
      talk.until([&] { return talk.upstream.connections() == 1 && talk.upstream.last().saw("\r\n\r\n"); }));
  talk.stop();
  talk.pass(5s);
  EXPECT_FALSE(client.ended());
  EXPECT_FALSE(half.ended());
  const OpenWork open = talk.proxy.worker().open_work();
  EXPECT_EQ(open.requests, 2u);
  EXPECT_EQ(open.idle + open.streams + open.websockets + open.tunnels, 0u);
  talk.upstream.last().send(kTwoBytes);
  ASSERT_TRUE(talk.until([&] { return complete_response(client.received()); }));
  EXPECT_TRUE(talk.until([&] { return client.ended(); }));
}

// ---- Streams

constexpr const char* kChunkedEvents =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n8\r\ndata: "
    "a\n\r\n";

struct StreamTalk : TunnelTalk {
  using TunnelTalk::TunnelTalk;
  void open_stream(std::string_view head = kChunkedEvents, std::string_view request = kGet) {
    client->send(request);
    ASSERT_TRUE(asked());
    server().send(head);
    ASSERT_TRUE(until([&] { return client->saw("data: a"); })) << client->received();
  }
};

TEST(DrainedStream, EventsFlowForHalfOfItsTimeAndItEndsBeforeTheRestIsOver) {
  StreamTalk talk("[timeouts]\ndrain_streams = \"4s\"\n");
  talk.open_stream();
  talk.drain(25s);
  talk.pass(1900ms);
  talk.server().send("8\r\ndata: b\n\r\n");
  ASSERT_TRUE(talk.until([&] { return talk.client->saw("data: b"); }));
  EXPECT_FALSE(talk.client->ended());
  EXPECT_EQ(talk.proxy.worker().open_work().streams, 1u);
  talk.pass(2100ms);
  ASSERT_TRUE(talk.until([&] { return talk.client->ended(); }));
  EXPECT_THAT(talk.client->received(), Not(HasSubstr("0\r\n\r\n"))) << "it must not look complete";
  EXPECT_THAT(talk.proxy.log(), HasSubstr("\"status\":200,\"outcome\":\"drained\""));
  EXPECT_TRUE(talk.nothing_left());
}

TEST(DrainedStream, OneThatEndsByItselfIsServed) {
  StreamTalk talk;
  talk.open_stream();
  talk.drain(25s);
  talk.pass(2s);
  talk.server().send("0\r\n\r\n");
  ASSERT_TRUE(talk.until([&] { return talk.client->ended() || talk.client->saw("0\r\n\r\n"); }));
  EXPECT_THAT(talk.proxy.log(), HasSubstr("\"outcome\":\"served\""));
}

TEST(DrainedStream, GrpcIsAStreamToo) {
  StreamTalk talk;
  talk.open_stream(
      "HTTP/1.1 200 OK\r\nContent-Type: application/grpc+proto\r\nTransfer-Encoding: chunked\r\n\r\n"
      "8\r\ndata: a\n\r\n");
  talk.drain(25s);
  talk.pass(5s);
  EXPECT_TRUE(talk.until([&] { return talk.client->ended(); }));
}

TEST(DrainedStream, ADownloadOfUnknownLengthIsNone) {
  StreamTalk talk;
  talk.open_stream(
      "HTTP/1.1 200 OK\r\nContent-Type: application/zip\r\nTransfer-Encoding: chunked\r\n\r\n"
      "8\r\ndata: a\n\r\n");
  talk.drain(25s);
  talk.pass(20s);
  EXPECT_FALSE(talk.client->ended());
}

TEST(DrainedStream, OneThatBeginsDuringTheDrainHasItsTimeFromThenOn) {
  StreamTalk talk("[timeouts]\ndrain_streams = \"4s\"\n");
  talk.client->send(kGet);
  ASSERT_TRUE(talk.asked());
  talk.drain(25s);
  talk.pass(10s);
  talk.server().send(kChunkedEvents);
  ASSERT_TRUE(talk.until([&] { return talk.client->saw("data: a"); }));
  talk.pass(1900ms);
  EXPECT_FALSE(talk.client->ended());
  talk.pass(2100ms);
  EXPECT_TRUE(talk.until([&] { return talk.client->ended(); }));
}

TEST(DrainedStream, ARouteMayGiveItsStreamsMoreTime) {
  StreamTalk talk("[[route]]\npool = \"app\"\ntimeouts.drain_streams = \"20s\"\n");
  talk.open_stream();
  talk.drain(25s);
  talk.pass(9900ms);
  EXPECT_FALSE(talk.client->ended());
  talk.pass(10100ms);
  EXPECT_TRUE(talk.until([&] { return talk.client->ended(); }));
}

TEST(DrainedStream, OneThatNeverPausesEndsToo) {
  StreamTalk talk;
  talk.open_stream();
  talk.drain(25s);
  talk.settle();
  talk.proxy.time().advance(5s);
  std::string flood;
  for (int i = 0; i < 200'000; ++i) flood += "8\r\ndata: b\n\r\n";
  talk.server().send(flood);
  EXPECT_TRUE(talk.until([&] { return talk.client->ended(); }));
}

TEST(DrainedStream, OneWhoseClientDoesNotReadEndsToo) {
  StreamTalk talk("[timeouts]\nclient_write = \"60s\"\n");
  talk.open_stream();
  talk.client->pause_reading(true);
  std::string flood;
  for (int i = 0; i < 400; ++i) flood += "10000\r\n" + std::string(65536, 'x') + "\r\n";
  talk.server().send(flood);
  talk.settle();
  talk.drain(25s);
  talk.pass(5s);
  talk.settle();
  EXPECT_EQ(talk.proxy.upstream(0).in_flight(), 0u);
}

}  // namespace
}  // namespace frontdoor::testing
