// At the limit of connections those of HTTP/2 and of TLS make room as others do: whoever only sits there is closed, in the
// way of the protocol, and nobody whose request is under way. HTTP/1: room_test.cpp.

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "support/h2_client.h"
#include "support/messages.h"

namespace frontdoor::testing {
namespace {

// A listener with three places, and clients that come one after the other.
struct ThreePlaces {
  ScriptedUpstream upstream;
  TestProxy proxy;
  std::vector<std::unique_ptr<H2Client>> clients;

  explicit ThreePlaces(Over over)
      : proxy({&upstream}, std::string("[[listener]]\naddress = \"127.0.0.1:0\"\nmax_connections = 3\n") +
                               (over == Over::Tls ? "tls = \"self-signed\"\n" : "")) {
    upstream.always_reply(kHello);
  }

  // A moment after the one before.
  H2Client& come() {
    proxy.time().advance(Millis{200});
    clients.push_back(std::make_unique<H2Client>(proxy));
    clients.back()->settle();
    return *clients.back();
  }
  bool served(H2Client& client, std::uint32_t stream = 1) {
    client.send(h2::headers(stream, h2::get()));
    return client.ended(stream) && client.answer(stream).body == "hello";
  }
  static bool open(H2Client& client) {
    client.settle();
    return !client.peer().ended();
  }
  std::uint64_t connections() { return proxy.worker().open_connections(); }
};

TEST(RoomOverHttp2, TheLongestIdleMakesRoomAndIsToldSo) {
  for (const Over over : {Over::Plain, Over::Tls}) {
    ThreePlaces room(over);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(room.served(room.come()));
    ASSERT_EQ(room.connections(), 3u);
    ASSERT_TRUE(room.served(*room.clients[0], 3)) << "it was used last";
    EXPECT_TRUE(room.served(room.come()));
    EXPECT_FALSE(room.open(*room.clients[1]));
    EXPECT_FALSE(room.clients[1]->peer().was_reset());
    EXPECT_EQ(room.clients[1]->reader().goaway_code(), 0u) << "its client knows that it may come again";
    EXPECT_TRUE(room.open(*room.clients[0]));
    EXPECT_TRUE(room.open(*room.clients[2]));
    EXPECT_EQ(room.connections(), 3u);
  }
}

// One that has been served a moment ago is not parked yet.
TEST(RoomOverHttp2, AlsoThoseThatAreNotParked) {
  ThreePlaces room(Over::Plain);
  for (int i = 0; i < 3; ++i) room.come();
  for (const auto& client : room.clients) ASSERT_TRUE(room.served(*client));
  H2Client late(room.proxy);
  EXPECT_TRUE(room.served(late));
  EXPECT_FALSE(room.open(*room.clients[0]));
  EXPECT_EQ(room.clients[0]->reader().goaway_code(), 0u);
}

TEST(RoomOverHttp2, FramesThatAreNoRequestSaveNobody) {
  ThreePlaces room(Over::Plain);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(room.served(room.come()));
  room.clients[0]->send(h2::ping() + h2::window(0, 1'000));
  room.clients[0]->settle();
  ASSERT_TRUE(room.clients[0]->reader().saw(h2::kPing));
  EXPECT_TRUE(room.served(room.come()));
  EXPECT_FALSE(room.open(*room.clients[0]));
  EXPECT_TRUE(room.open(*room.clients[1]));
}

TEST(RoomOverHttp2, AnAttackerWithHalfAHeadKeepsNobodyOut) {
  ThreePlaces room(Over::Plain);
  for (int i = 0; i < 3; ++i) {
    room.come().send(h2::frame(h2::kHeaders, h2::kEndStream, 1, h2::block(h2::get())));
    room.clients.back()->settle();
  }
  EXPECT_TRUE(room.served(room.come()));
  EXPECT_FALSE(room.open(*room.clients[0]));
  EXPECT_EQ(room.connections(), 3u);
}

TEST(RoomOverHttp2, NobodyWithARequestUnderWayIsClosed) {
  ThreePlaces room(Over::Plain);
  room.upstream.always_reply("");
  for (int i = 0; i < 3; ++i) {
    room.come().send(h2::headers(1, h2::get()));
    room.clients.back()->settle();
  }
  ASSERT_EQ(room.upstream.connections(), 3u);
  H2Client& late = room.come();
  late.send(h2::headers(1, h2::get()));
  late.settle();
  EXPECT_EQ(room.connections(), 3u);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(room.open(*room.clients[static_cast<std::size_t>(i)]));

  room.upstream.connection(1).send(kHello);
  ASSERT_TRUE(room.clients[1]->ended(1));
  room.proxy.time().advance(Millis{200});
  EXPECT_TRUE(late.until([&] { return !room.open(*room.clients[1]); })) << "as soon as it has its answer it may make room";
}

TEST(RoomOverTls, HalfAHandshakeMakesRoom) {
  ThreePlaces room(Over::Tls);
  std::vector<std::unique_ptr<Peer>> halves;
  for (int i = 0; i < 3; ++i) {
    room.proxy.time().advance(Millis{200});
    halves.push_back(room.proxy.plain_client());
    halves.back()->send("\x16\x03\x01\x02");  // the beginning of a ClientHello
    room.proxy.settle({halves.back().get()});
  }
  ASSERT_EQ(room.connections(), 3u);
  room.proxy.time().advance(Millis{200});
  EXPECT_EQ(body_of(room.proxy.converse(kGet)), "hello");
  room.proxy.settle({halves[0].get()});
  EXPECT_TRUE(halves[0]->ended());
  EXPECT_FALSE(halves[1]->ended());
  EXPECT_EQ(room.connections(), 2u) << "and the one that was served has left";
}

TEST(RoomOverTls, TheLongestIdleMakesRoom) {
  ThreePlaces room(Over::Tls);
  std::vector<std::unique_ptr<Peer>> clients;
  for (int i = 0; i < 4; ++i) {
    room.proxy.time().advance(Millis{200});
    clients.push_back(room.proxy.client());
    clients.back()->send(kGet);
    Peer& client = *clients.back();
    ASSERT_TRUE(room.proxy.until({&client}, [&] { return complete_response(client.received()); })) << i;
  }
  room.proxy.settle({clients[0].get(), clients[1].get()});
  EXPECT_TRUE(clients[0]->ended());
  EXPECT_FALSE(clients[0]->was_reset());
  EXPECT_FALSE(clients[1]->ended());
}

}  // namespace
}  // namespace frontdoor::testing
