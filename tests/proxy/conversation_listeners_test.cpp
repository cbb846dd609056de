// A listener that is changed or closed while clients are on it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <vector>

#include "support/messages.h"
#include "support/tunnel_talk.h"

namespace frontdoor::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using namespace std::chrono_literals;

constexpr ListenerId kId = TestProxy::kListener;
constexpr std::string_view kHi = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

std::shared_ptr<const Listener::Settings> settings_with(const std::function<void(config::Listener&)>& change) {
  config::Listener listener;
  change(listener);
  return std::make_shared<const Listener::Settings>(Listener::Settings::of(listener, 1'000));
}

struct ListenerTalk {
  ScriptedUpstream upstream;
  TestProxy proxy{{&upstream}};

  std::string ask(Peer& peer) {
    peer.forget();
    peer.send(kGet);
    EXPECT_TRUE(proxy.until({&peer}, [&] { return peer.ended() || complete_response(peer.received()); }));
    return peer.received();
  }
  void change(const std::function<void(config::Listener&)>& change) {
    proxy.worker().order({.kind = ListenerOrder::Kind::Change, .id = kId, .settings = settings_with(change)});
    proxy.worker().run_once(Millis{0});
  }
  void close(Millis drain = 25s) {
    const TimePoint now = proxy.time().now();
    proxy.worker().order({.kind = ListenerOrder::Kind::Close, .id = kId, .window = {now, now + drain}});
    proxy.worker().run_once(Millis{0});
  }
  void pass(Millis time) {
    proxy.time().advance(time);
    proxy.worker().run_once(Millis{0});
  }
};

TEST(ChangedListener, ConnectionsThatAreOpenKeepTheirTermsAndNewOnesHaveTheNew) {
  ListenerTalk talk;
  talk.upstream.always_reply(std::string(kHi));
  const auto before = talk.proxy.client();
  EXPECT_THAT(talk.ask(*before), Not(HasSubstr("X-Id")));
  talk.change([](config::Listener& listener) { listener.request_id_header = "X-Id"; });
  const auto after = talk.proxy.client();
  EXPECT_THAT(talk.ask(*after), HasSubstr("\r\nX-Id: "));
  EXPECT_THAT(talk.ask(*before), Not(HasSubstr("X-Id")));
  EXPECT_THAT(before->received(), Not(HasSubstr("Connection: close")));
  EXPECT_EQ(talk.proxy.worker().open_connections(), 2u);
}

// One that waits in the queue while the socket changes hands is neither reset nor forgotten.
TEST(ChangedListener, WhoWaitsToBeAcceptedMeanwhileIsServed) {
  ListenerTalk talk;
  talk.upstream.always_reply(std::string(kHi));
  for (int i = 0; i < 10; ++i) {
    const auto waiting = talk.proxy.client();
    waiting->send(kGet);
    waiting->poll();
    talk.change([&](config::Listener& listener) { listener.via = i % 2 == 0; });
    EXPECT_TRUE(talk.proxy.until({waiting.get()}, [&] { return complete_response(waiting->received()); })) << i;
  }
}

TEST(ChangedListener, GoesWithItsLastConnectionAndItsCountsStay) {
  ListenerTalk talk;
  talk.upstream.always_reply(std::string(kHi));
  talk.change([](config::Listener& listener) {  // from nobody
    listener.proxy_protocol = true;
    listener.trusted_proxies = {};
  });
  auto stranger = talk.proxy.client();
  EXPECT_TRUE(talk.proxy.until({stranger.get()}, [&] { return stranger->ended(); }));
  EXPECT_EQ(talk.proxy.worker().turned_away(Unwelcome::UntrustedProxy), 1u);
  talk.change([](config::Listener&) {});
  EXPECT_EQ(talk.proxy.worker().listener_count(), 3u) << "each change leaves one behind";
  for (int looks = 0; looks < 3; ++looks) talk.pass(300ms);
  EXPECT_EQ(talk.proxy.worker().listener_count(), 1u);
  EXPECT_EQ(talk.proxy.worker().turned_away(Unwelcome::UntrustedProxy), 1u);
  const auto client = talk.proxy.client();
  EXPECT_THAT(talk.ask(*client), StartsWith("HTTP/1.1 200"));
}

TEST(ClosedListener, ARequestInFlightIsFinishedAndItsAnswerSaysClose) {
  ListenerTalk talk;
  const auto client = talk.proxy.client();
  client->send(kGet);
  ASSERT_TRUE(talk.proxy.until({client.get()}, [&] { return talk.upstream.connections() == 1 && talk.upstream.last().saw("\r\n\r\n"); }));
  talk.close();
  talk.upstream.last().send(kHi);
  ASSERT_TRUE(talk.proxy.until({client.get()}, [&] { return client->ended(); }));
  EXPECT_THAT(client->received(), HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(client->received(), ::testing::EndsWith("hi"));
  EXPECT_FALSE(client->was_reset());
}

TEST(ClosedListener, WhoeverTheKernelHasAcceptedIsServedAndNobodyElseComesIn) {
  ListenerTalk talk;
  talk.upstream.always_reply(std::string(kHi));
  std::vector<std::unique_ptr<Peer>> waiting;
  for (int i = 0; i < 5; ++i) waiting.push_back(talk.proxy.client());
  talk.close();
  for (const auto& peer : waiting) {
    EXPECT_THAT(talk.ask(*peer), StartsWith("HTTP/1.1 200"));
    EXPECT_FALSE(peer->was_reset());
  }
  const int late = ::socket(talk.proxy.endpoint().family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_NE(::connect(late, talk.proxy.endpoint().data(), talk.proxy.endpoint().size()), 0);
  ::close(late);
}

TEST(ClosedListener, IdleConnectionsEndWithinAMoment) {
  ListenerTalk talk;
  talk.upstream.always_reply(std::string(kHi));
  const auto client = talk.proxy.client();
  talk.ask(*client);
  talk.pass(500ms);
  talk.proxy.settle({client.get()});
  talk.close();
  talk.pass(500ms);
  EXPECT_TRUE(talk.proxy.until({client.get()}, [&] { return client->ended(); }));
  EXPECT_FALSE(client->was_reset());
}

TEST(ClosedListener, WhatIsOpenWhenItsTimeIsOverIsCut) {
  ListenerTalk talk;
  const auto client = talk.proxy.client();
  client->send(kGet);
  ASSERT_TRUE(talk.proxy.until({client.get()}, [&] { return talk.upstream.connections() == 1 && talk.upstream.last().saw("\r\n\r\n"); }));
  talk.close(2s);
  talk.pass(1s);
  talk.proxy.settle({client.get()});
  EXPECT_FALSE(client->ended());
  talk.pass(2s);
  EXPECT_TRUE(talk.proxy.until({client.get()}, [&] { return client->ended() && talk.proxy.worker().open_connections() == 0; }));
}

TEST(ClosedListener, ItsWebSocketsAreClosedAsTheirProtocolWantsAndThoseOfOthersLiveOn) {
  TunnelTalk talk;
  talk.open();
  const TimePoint now = talk.proxy.time().now();
  // Another one, from which the worker accepts too.
  const auto sockets = open_listen_sockets(Address{Address::Kind::Tcp, "127.0.0.1", 0}, 1);
  auto other_settings = Listener::Settings::of({}, 1'000);
  other_settings.terms.index = 7;
  talk.proxy.worker().order({.id = 2, .fd = sockets.fds.front(), .settings = std::make_shared<const Listener::Settings>(other_settings)});
  talk.proxy.worker().order({.kind = ListenerOrder::Kind::Close, .id = 2, .window = {now, now + 25s}});
  talk.settle();
  EXPECT_EQ(talk.client->received(), "") << "it is on the first one";
  talk.proxy.worker().order({.kind = ListenerOrder::Kind::Close, .id = kId, .window = {now, now + 25s}});
  talk.proxy.time().advance(200ms);
  ASSERT_TRUE(talk.client_gets(server_close(1012)));
}

// A title that a reload has given to another listener takes its number along: both are counted under the same one for as
// long as the first has connections.
TEST(ClosedListener, ItsStreamsAreThoseThatCameByItAndNotThoseThatAreCountedUnderItsNumber) {
  TunnelTalk talk;
  talk.open();
  const TimePoint now = talk.proxy.time().now();
  const auto sockets = open_listen_sockets(Address{Address::Kind::Tcp, "127.0.0.1", 0}, 1);
  auto same_number = Listener::Settings::of({}, 1'000);
  ASSERT_EQ(same_number.terms.index, 0u);
  talk.proxy.worker().order({.id = 2, .fd = sockets.fds.front(), .settings = std::make_shared<const Listener::Settings>(same_number)});
  talk.proxy.worker().order({.kind = ListenerOrder::Kind::Close, .id = 2, .window = {now, now + 25s}});
  talk.pass(1s);
  EXPECT_EQ(talk.client->received(), "");
  EXPECT_EQ(talk.server().received(), "");
}

TEST(ClosedListener, WebSocketsThatWereThereBeforeItsTermsChangedAreClosedWithIt) {
  TunnelTalk talk;
  talk.open();
  const TimePoint now = talk.proxy.time().now();
  auto changed = Listener::Settings::of({}, 1'000);
  changed.terms.index = 1;
  talk.proxy.worker().order({.kind = ListenerOrder::Kind::Change, .id = kId, .settings = std::make_shared<const Listener::Settings>(changed)});
  talk.proxy.worker().order({.kind = ListenerOrder::Kind::Close, .id = kId, .window = {now, now + 25s}});
  talk.pass(200ms);
  ASSERT_TRUE(talk.client_gets(server_close(1012)));
}

TEST(ClosedListener, AWebSocketThatBeginsWhenItIsClosedAlreadyIsClosedInOrder) {
  TunnelTalk talk;
  talk.client->send(kHandshake);
  ASSERT_TRUE(talk.asked());
  const TimePoint now = talk.proxy.time().now();
  talk.proxy.worker().order({.kind = ListenerOrder::Kind::Close, .id = kId, .window = {now, now + 25s}});
  talk.settle();
  talk.server().send(kSwitch);
  ASSERT_TRUE(talk.until([&] { return talk.client->saw("\r\n\r\n"); }));
  ASSERT_TRUE(talk.client->saw("HTTP/1.1 101 "));
  talk.client->forget();
  talk.pass(200ms);
  ASSERT_TRUE(talk.client_gets(server_close(1012)));
}

TEST(ClosedListener, AStreamThatBeginsWhenItIsClosedAlreadyEndsBeforeTheCut) {
  TunnelTalk talk;
  talk.client->send(kGet);
  ASSERT_TRUE(talk.asked());
  const TimePoint now = talk.proxy.time().now();
  talk.proxy.worker().order({.kind = ListenerOrder::Kind::Close, .id = kId, .window = {now, now + 25s}});
  talk.settle();
  talk.server().send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n8\r\ndata: 1\n\r\n");
  ASSERT_TRUE(talk.until([&] { return talk.client->saw("data: 1"); }));
  EXPECT_FALSE(talk.client->ended());
  talk.pass(6s);
  EXPECT_TRUE(talk.until([&] { return talk.client->ended(); })) << "of 25 seconds it would have had 19 more";
}

TEST(ClosedListener, AnOrderForAListenerThatThereIsNotDoesNothing) {
  ListenerTalk talk;
  talk.upstream.always_reply(std::string(kHi));
  talk.proxy.worker().order({.kind = ListenerOrder::Kind::Close, .id = 99, .window = {talk.proxy.time().now(), talk.proxy.time().now()}});
  talk.proxy.worker().order({.kind = ListenerOrder::Kind::Change, .id = 99, .settings = settings_with([](config::Listener&) {})});
  const auto client = talk.proxy.client();
  EXPECT_THAT(talk.ask(*client), StartsWith("HTTP/1.1 200"));
}

}  // namespace
}  // namespace frontdoor
