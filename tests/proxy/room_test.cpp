// At the limit of connections: who only sits there is closed for who comes, and nobody whose request is under
// way.

#include <gtest/gtest.h>

#include <algorithm>

#include "support/messages.h"
#include "support/test_proxy.h"

namespace frontdoor::testing {
namespace {

using ::testing::StartsWith;

std::string listener(const std::string& keys) {
  return "[[listener]]\naddress = \"127.0.0.1:0\"\n" + keys + "\n";
}

// A listener with three places.
struct Room : ::testing::Test {
  ScriptedUpstream upstream;
  TestProxy proxy{{&upstream}, listener("max_connections = 3")};

  Room() { upstream.always_reply(kHello); }

  // A moment later than those before.
  std::unique_ptr<Peer> come(std::string_view sending = "") {
    proxy.time().advance(Millis{200});
    auto client = proxy.client();
    if (!sending.empty()) client->send(sending);
    proxy.settle({client.get()});
    return client;
  }
  bool open(Peer& client) {
    client.poll();
    return !client.ended();
  }
  std::uint64_t connections() { return proxy.worker().open_connections(); }
};

TEST_F(Room, TheLongestIdleMakesRoom) {
  const auto first = come();
  const auto second = come(kGet);
  const auto third = come();
  const auto fourth = come(kGet);
  EXPECT_EQ(body_of(fourth->received()), "hello");
  EXPECT_FALSE(open(*first));
  EXPECT_TRUE(open(*second));
  EXPECT_TRUE(open(*third));
  EXPECT_FALSE(first->was_reset()) << "it is closed in order";

  const auto fifth = come(kGet);
  EXPECT_EQ(body_of(fifth->received()), "hello");
  EXPECT_FALSE(open(*second)) << "its answer was longer ago than the third one came";
  EXPECT_EQ(connections(), 3u);
}

TEST_F(Room, AnAnswerCountsAsUse) {
  const auto first = come();
  const auto second = come();
  const auto third = come();
  first->send(kGet);
  proxy.settle({first.get()});
  const auto fourth = come();
  EXPECT_TRUE(open(*first));
  EXPECT_FALSE(open(*second));
}

TEST_F(Room, EmptyLinesDoNot) {
  const auto first = come();
  const auto second = come();
  const auto third = come();
  first->send("\r\n\r\n");
  proxy.settle({first.get()});
  const auto fourth = come();
  EXPECT_FALSE(open(*first));
  EXPECT_TRUE(open(*second));
}

TEST_F(Room, AnAttackerWithHalfAHeadKeepsNobodyOut) {
  const auto first = come("GET / HT");
  const auto second = come("GET / HT");
  const auto third = come("GET / HT");
  const auto fourth = come(kGet);
  EXPECT_EQ(body_of(fourth->received()), "hello");
  EXPECT_FALSE(open(*first));
  EXPECT_TRUE(open(*second));
  EXPECT_EQ(connections(), 3u);
}

TEST_F(Room, TheBeginningOfAHeadSavesItOnceOnly) {
  const auto first = come("GET / HT");
  const auto second = come();
  const auto third = come();
  first->send("TP/1.1\r\n");  // goes on dripping
  proxy.settle({first.get()});
  const auto fourth = come();
  EXPECT_FALSE(open(*first));
  EXPECT_TRUE(open(*second));
}

TEST_F(Room, OneThatIsOnlyAnsweredWithARefusalIsNotAtWork) {
  const auto first = come("BAD\r\n\r\n");
  EXPECT_THAT(first->received(), StartsWith("HTTP/1.1 400 "));
  const auto second = come();
  const auto third = come();
  const auto fourth = come(kGet);
  EXPECT_EQ(body_of(fourth->received()), "hello") << "whoever lingers keeps nobody out";
}

TEST_F(Room, WhatHasJustBeenSentIsHeardFirst) {
  const auto first = come();
  const auto second = come();
  const auto third = come();
  // Both happen before the worker looks again, the connection first.
  proxy.time().advance(Millis{200});
  const auto fourth = proxy.client();
  first->send(kGet);
  first->poll();
  ASSERT_TRUE(proxy.until({first.get(), fourth.get()}, [&] { return complete_response(first->received()); }));
  proxy.settle({first.get(), fourth.get()});
  EXPECT_FALSE(open(*second));
  EXPECT_TRUE(open(*third));
}

TEST_F(Room, WhoSendsAtOnceIsServedHoweverManyCome) {
  std::vector<std::unique_ptr<Peer>> clients;
  std::vector<Peer*> peers;
  for (int i = 0; i < 7; ++i) {
    clients.push_back(proxy.client());
    peers.push_back(clients.back().get());
    peers.back()->send(kGet);
    peers.back()->poll();
  }
  EXPECT_TRUE(proxy.until(peers, [&] {
    proxy.time().advance(Millis{1});  // turns are told apart by nothing else
    return std::all_of(peers.begin(), peers.end(), [](Peer* peer) { return complete_response(peer->received()); });
  })) << "a place is only given away when its client has had its say";
}

TEST_F(Room, ANewcomerHasAMomentToSpeakBeforeAnotherIsPreferred) {
  upstream.always_reply("");
  const auto first = come(kGet);
  const auto second = come(kGet);
  const auto third = come();
  auto fourth = proxy.client();
  proxy.settle({third.get(), fourth.get()});
  EXPECT_TRUE(open(*third)) << "its request may be on its way";
  EXPECT_EQ(connections(), 3u);
  proxy.time().advance(Millis{150});
  proxy.settle({third.get(), fourth.get()});
  EXPECT_FALSE(open(*third));
  EXPECT_TRUE(open(*fourth));
}

TEST_F(Room, NobodyAtWorkIsClosed) {
  upstream.always_reply("");
  std::vector<std::unique_ptr<Peer>> busy;
  for (int i = 0; i < 3; ++i) busy.push_back(come(kGet));
  ASSERT_EQ(upstream.connections(), 3u);
  const auto fourth = come(kGet);
  EXPECT_EQ(connections(), 3u);
  for (const auto& client : busy) EXPECT_TRUE(open(*client));

  upstream.connection(0).send(kHello);
  ASSERT_TRUE(
      proxy.until({busy[0].get(), fourth.get()}, [&] { return complete_response(busy[0]->received()); }));
  proxy.time().advance(Millis{200});
  ASSERT_TRUE(proxy.until({busy[0].get(), fourth.get()}, [&] {
    return upstream.requests() + upstream.connections() >= 3 && !open(*busy[0]);
  })) << "as soon as it has its answer it may make room";
}

TEST_F(Room, AtTheLimitADrainTakesThoseWhoWait) {
  upstream.always_reply("");
  std::vector<std::unique_ptr<Peer>> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(come(kGet));
  for (int i = 0; i < 4; ++i) clients.push_back(come(kGet));
  EXPECT_EQ(connections(), 3u);
  proxy.worker().stop_accepting();
  upstream.always_reply(kHello);
  std::vector<Peer*> peers;
  for (const auto& client : clients) peers.push_back(client.get());
  const auto served = [&] {
    for (std::size_t i = 0; i < upstream.connections(); ++i)
      if (upstream.connection(i).saw("\r\n\r\n")) {
        upstream.connection(i).forget();
        upstream.connection(i).send(kHello);
      }
    std::size_t count = 0;
    for (const auto& client : clients) count += complete_response(client->received());
    return count == clients.size();
  };
  EXPECT_TRUE(proxy.until(peers, served));
}

// ---- Idle connections at the end of their time

struct LastMoment : Room {
  const Millis idle{60'000};
};

TEST_F(LastMoment, AnIdleConnectionIsClosedAfterItsTime) {
  const auto client = come(kGet);
  proxy.time().advance(idle - Millis{1'000});
  proxy.settle({client.get()});
  EXPECT_TRUE(open(*client));
  proxy.time().advance(Millis{1'100});
  proxy.settle({client.get()});
  EXPECT_FALSE(open(*client));
}

TEST_F(LastMoment, ARequestThatComesThenIsServed) {
  const auto client = come();
  client->send(kGet);
  client->poll();
  proxy.time().advance(idle + Millis{100});  // before the worker has looked
  proxy.settle({client.get()});
  EXPECT_EQ(body_of(client->received()), "hello");
}

// ---- Behind a PROXY header

TEST(RoomBehindAProxy, AHeaderWithoutARequestWaitsAsAnyIdleConnection) {
  ScriptedUpstream upstream;
  upstream.always_reply(kHello);
  TestProxy proxy({&upstream}, listener("proxy_protocol = true\ntrusted_proxies = [\"127.0.0.1\"]"));
  const auto client = proxy.client();
  client->send("PROXY TCP4 203.0.113.7 10.0.0.1 4711 80\r\n");
  proxy.settle({client.get()});
  proxy.time().advance(Millis{30'000});
  proxy.settle({client.get()});
  ASSERT_FALSE(client->ended());
  client->send(kGet);
  ASSERT_TRUE(
      proxy.until({client.get()}, [&] { return client->ended() || complete_response(client->received()); }));
  EXPECT_EQ(body_of(client->received()), "hello");
  for (const Millis time : {Millis{200}, Millis{61'000}}) {  // parked, and then closed
    proxy.time().advance(time);
    proxy.settle({client.get()});
  }
  EXPECT_TRUE(client->ended());
}

TEST(RoomBehindAProxy, HalfAHeaderMakesRoom) {
  ScriptedUpstream upstream;
  upstream.always_reply(kHello);
  TestProxy proxy({&upstream},
                  listener("proxy_protocol = true\ntrusted_proxies = [\"127.0.0.1\"]\nmax_connections = 1"));
  const auto slow = proxy.client();
  slow->send("PROXY TCP4 ");
  proxy.settle({slow.get()});
  proxy.time().advance(Millis{200});
  EXPECT_EQ(body_of(proxy.converse("PROXY TCP4 203.0.113.7 10.0.0.1 4711 80\r\n" + std::string(kGet))),
            "hello");
  proxy.settle({slow.get()});
  EXPECT_TRUE(slow->ended());
}

// ---- The limit is the listener's

TEST(Places, AreAsManyAsTheListenerSaysOverAllWorkers) {
  Places places(3);
  EXPECT_TRUE(places.enter());
  EXPECT_TRUE(places.enter());
  EXPECT_TRUE(places.enter());
  EXPECT_FALSE(places.enter());
  places.leave();
  EXPECT_TRUE(places.enter());
  EXPECT_EQ(places.taken(), 3u);
}

struct Neighbour final : RoomBoard::Member {
  int wanted = 0;
  int came = 0;
  void room_wanted() noexcept override { ++wanted; }
  void room_came() noexcept override { ++came; }
};

TEST(Places, WhoWaitsForOneAsksTheOthersAndIsTold) {
  Places places(1);
  Neighbour waiting;
  Neighbour other;
  places.board().join(waiting);
  places.board().join(other);
  ASSERT_TRUE(places.enter());
  places.board().ask(waiting);
  EXPECT_EQ(waiting.wanted, 0);
  EXPECT_EQ(other.wanted, 1);
  places.board().await();
  places.leave();
  EXPECT_EQ(waiting.came, 1);
  ASSERT_TRUE(places.enter());
  places.leave();
  EXPECT_EQ(waiting.came, 1) << "nobody waits any more";
  places.board().leave(waiting);
  places.board().leave(other);
}

}  // namespace
}  // namespace frontdoor::testing
