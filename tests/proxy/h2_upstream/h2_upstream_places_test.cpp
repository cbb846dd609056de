// Who waits in line for a stream of an upstream of HTTP/2, and how often a request is sent to one.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/h2_client.h"
#include "support/h2_upstream.h"
#include "support/messages.h"

namespace frontdoor::testing {
namespace {

using ::testing::HasSubstr;

// Eight connections with a stream each, all in use.
struct FullHouse : H2UpstreamTalk {
  FullHouse() {
    up().greet_with(h2::settings({{3, 1}}));
    ask(get_request("/0"));
    EXPECT_TRUE(asked(1));
    settle();
    for (int i = 1; i < 8; ++i) ask(get_request("/" + std::to_string(i)));
    EXPECT_TRUE(asked(8));
    settle();
    EXPECT_EQ(up().connections(), 8u);
  }
};

// It is a queue as any other, and most that send a FIN are tabs that were closed.
TEST(H2UpstreamPlaces, AFinGivesThePlaceInTheLineUp) {
  FullHouse talk;
  Peer& leaves = talk.ask(get_request("/leaves"));
  talk.settle();
  Peer& stays = talk.ask(get_request("/stays"));
  talk.settle();
  ASSERT_EQ(talk.up().requests(), 8u);
  leaves.finish();
  talk.settle();  // no time passes
  EXPECT_TRUE(leaves.ended());
  EXPECT_EQ(talk.proxy->upstream(0).in_flight(), 9u);
  talk.end(5).answer(1);
  ASSERT_TRUE(talk.asked(9));
  EXPECT_EQ(talk.end(5).asked(3)[":path"], "/stays");
  talk.end(5).answer(3);
  ASSERT_TRUE(talk.answered(stays));
  EXPECT_THAT(talk.proxy->log(3), HasSubstr("\"outcome\":\"client_closed\""));
}

TEST(H2UpstreamPlaces, OneThatHasHalfClosedBeforeGetsNone) {
  FullHouse talk;
  Peer& client = talk.ask(get_request("/left"));
  client.finish();
  talk.settle();
  EXPECT_TRUE(client.ended());
  talk.end(5).answer(1);
  talk.settle();
  EXPECT_EQ(talk.up().requests(), 8u);
}

TEST(H2UpstreamPlaces, ACancelGivesThePlaceInTheLineUp) {
  FullHouse talk;
  H2Client client(*talk.proxy);
  client.send(h2::headers(1, h2::get("/cancelled")));
  client.settle();
  client.send(h2::headers(3, h2::get("/wanted")));
  client.settle();
  client.send(h2::reset(1));
  client.settle();
  talk.end(5).answer(1);
  ASSERT_TRUE(talk.asked(9));
  EXPECT_EQ(talk.end(5).asked(3)[":path"], "/wanted");
  talk.end(5).answer(3);
  EXPECT_TRUE(client.ended(3));
  talk.settle();
  EXPECT_EQ(talk.up().requests(), 9u);
}

// While a connection is made for it, a FIN counts as it does for one of HTTP/1: it has client_fin.
TEST(H2UpstreamPlaces, AFinWhileItsConnectionIsMadeIsNoPlaceInALine) {
  H2UpstreamTalk talk;
  Peer& client = talk.client();
  client.send(kGet);
  client.finish();
  ASSERT_TRUE(talk.asked(1));
  talk.end().answer(1);
  ASSERT_TRUE(talk.answered(client));
  EXPECT_EQ(body_of(client.received()), "hello");
}

// ---- How often a request is sent

// ADR 0005, ADR 0007: 1 + attempts tries of a request reach an upstream, for whatever reason they fail and however many
// upstreams there are.
TEST(H2UpstreamPlaces, NothingIsSentMoreOftenThanAttemptsSay) {
  enum class How { StreamReset, ConnectionReset, ConnectionEnds };
  for (const char* request : {kGet, kPut})
    for (const How how : {How::StreamReset, How::ConnectionReset, How::ConnectionEnds})
      for (const std::size_t upstreams : {1u, 4u}) {
        H2UpstreamTalk talk("retry.attempts = 2\n", upstreams);
        Peer& client = talk.ask(request);
        const auto fail_all = [&](H2Upstream& up, std::vector<std::size_t>& failed) {
          failed.resize(up.ends());
          for (std::size_t i = 0; i < failed.size(); ++i)
            for (; failed[i] < up.end(i).requests(); ++failed[i]) {
              if (how == How::StreamReset) up.end(i).send(h2::reset(static_cast<std::uint32_t>(2 * failed[i] + 1), 2));
              if (how == How::ConnectionReset) up.end(i).peer().reset();
              if (how == How::ConnectionEnds) up.end(i).peer().finish();
            }
        };
        std::vector<std::vector<std::size_t>> failed(upstreams);
        for (int round = 0; round < 60 && !complete_response(client.received()); ++round) {
          talk.settle();
          for (std::size_t i = 0; i < upstreams; ++i) fail_all(talk.up(i), failed[i]);
          talk.settle();
          talk.proxy->time().advance(Millis{50});  // the pause before the same one is asked again
        }
        EXPECT_THAT(client.received(), HasSubstr("HTTP/1.1 502 ")) << request << upstreams;
        std::size_t sent = 0;
        for (std::size_t i = 0; i < upstreams; ++i) sent += talk.up(i).requests();
        EXPECT_EQ(sent, 3u) << request << upstreams;
      }
}

// A connection that is closed as often as it is used is stale each time: also that has an end.
TEST(H2UpstreamPlaces, AStaleConnectionIsReplacedOnce) {
  H2UpstreamTalk talk("retry.attempts = 0\n");
  Peer& before = talk.ask(kGet);
  ASSERT_TRUE(talk.asked(1));
  talk.end().answer(1);
  ASSERT_TRUE(talk.answered(before));
  Peer& client = talk.ask(kGet);
  for (int round = 0; round < 20 && !complete_response(client.received()); ++round) {
    talk.settle();
    for (std::size_t i = 0; i < talk.up().ends(); ++i)
      if (talk.end(i).requests() > (i == 0 ? 1u : 0u)) talk.end(i).peer().reset();
    talk.settle();
    talk.proxy->time().advance(Millis{50});
  }
  EXPECT_THAT(client.received(), HasSubstr("HTTP/1.1 502 "));
  EXPECT_EQ(talk.up().requests(), 2u) << "one try, on a connection that had served before";
}

}  // namespace
}  // namespace frontdoor::testing
