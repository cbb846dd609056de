// Connections to upstreams of HTTP/2 that are idle or silent, or that a reload leaves: how long they live, and how they are asked.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/h2_upstream.h"
#include "support/messages.h"

namespace frontdoor::testing {
namespace {

TEST(H2Upstream, OneThatLeavesThePoolIsLeftWhenItsRequestsHaveEnded) {
  H2UpstreamTalk talk("", 2);
  Peer& one = talk.ask(get_request("/1"));
  Peer& two = talk.ask(get_request("/2"));
  ASSERT_TRUE(talk.asked(1, 0));
  ASSERT_TRUE(talk.asked(1, 1));
  talk.end(0, 1).answer(1);
  talk.settle();
  talk.proxy->publish("listen = \"127.0.0.1:0\"\n[pool.app]\nprotocol = \"h2c\"\nupstreams = [\"" + talk.up(0).address() + "\"]\n");
  ASSERT_TRUE(talk.until([&] { return talk.end(0, 1).peer().ended(); })) << "the idle one at once";
  talk.proxy->publish("listen = \"127.0.0.1:0\"\n[pool.app]\nprotocol = \"h2c\"\nupstreams = [\"" + talk.up(1).address() + "\"]\n");
  talk.settle();
  EXPECT_FALSE(talk.end(0, 0).peer().ended());
  talk.end(0, 0).answer(1);
  ASSERT_TRUE(talk.until([&] { return talk.end(0, 0).peer().ended(); }));
  EXPECT_TRUE(complete_response(one.received()));
  EXPECT_TRUE(complete_response(two.received()));
}

TEST(H2Upstream, AReloadMayChangeTheProtocol) {
  for (const char* next : {"http/1.1", "h2c"}) {
    const bool to_http1 = std::string_view(next) == "http/1.1";
    ScriptedUpstream upstream;
    TestProxy proxy({&upstream}, "", to_http1 ? "protocol = \"h2c\"" : "");
    const auto client = proxy.client();
    const auto second = proxy.client();
    client->send(kGet);
    ASSERT_TRUE(proxy.until({client.get()}, [&] { return upstream.connections() == 1 && upstream.last().received().size() > 30; }));
    proxy.publish("listen = \"127.0.0.1:0\"\n[pool.app]\nprotocol = \"" + std::string(next) + "\"\nupstreams = [\"" + upstream.address() + "\"]\n");
    proxy.settle({client.get()});
    // What began in the old one ends in it, and its connection serves no other.
    if (to_http1) upstream.connection(0).send(h2::settings() + h2::headers(1, h2::status("200"), h2::kEndHeaders) + h2::end_of(1, "hello"));
    else upstream.connection(0).send(kHello);
    ASSERT_TRUE(proxy.until({client.get()}, [&] { return complete_response(client->received()); }));
    EXPECT_EQ(body_of(client->received()), "hello");
    ASSERT_TRUE(proxy.until({client.get()}, [&] { return upstream.connection(0).ended(); }));
    second->send(kGet);
    ASSERT_TRUE(proxy.until({second.get()}, [&] { return upstream.connections() == 2 && upstream.last().received().size() > 30; }));
    EXPECT_EQ(upstream.last().saw("GET / HTTP/1.1\r\n"), to_http1);
    EXPECT_EQ(upstream.last().saw("PRI * HTTP/2.0\r\n"), !to_http1);
  }
}

TEST(H2Upstream, AnIdleConnectionIsClosedInOrderWhenItsTimeIsUp) {
  H2UpstreamTalk talk("", 1, "[timeouts]\nupstream_idle = \"20s\"\n");
  Peer& client = talk.ask(kGet);
  ASSERT_TRUE(talk.asked(1));
  talk.end().answer(1);
  ASSERT_TRUE(talk.answered(client));
  talk.settle();
  EXPECT_EQ(talk.proxy->upstream(0).totals().idle_connections, 1u);
  talk.proxy->time().advance(Millis{19'000});
  talk.settle();
  EXPECT_FALSE(talk.end().peer().ended());
  talk.proxy->time().advance(Millis{1'500});
  talk.settle();
  EXPECT_TRUE(talk.end().peer().ended());
  EXPECT_TRUE(talk.end().reader().goes_away());
  EXPECT_EQ(talk.end().reader().goaway_code(), 0u);
}

TEST(H2Upstream, AnIdleConnectionAnswersPings) {
  H2UpstreamTalk talk;
  Peer& client = talk.ask(kGet);
  ASSERT_TRUE(talk.asked(1));
  talk.end().answer(1);
  ASSERT_TRUE(talk.answered(client));
  talk.settle();
  talk.end().send(h2::ping());
  ASSERT_TRUE(talk.until([&] { return talk.end().reader().saw(h2::kPing); }));
  client.close();
  talk.settle();
  EXPECT_EQ(talk.proxy->worker().buffers_in_use(), 0u) << "it holds no buffer";
}

TEST(H2Upstream, ASilentConnectionIsAskedWhetherItLives) {
  for (const bool answers : {true, false}) {
    H2UpstreamTalk talk("timeouts.response_header = \"10m\"");
    Peer& client = talk.ask(kGet);
    ASSERT_TRUE(talk.asked(1));
    talk.end().answer_pings(answers);
    talk.settle();
    talk.proxy->time().advance(Millis{29'000});
    talk.settle();
    EXPECT_FALSE(talk.end().reader().saw(h2::kPing));
    talk.proxy->time().advance(Millis{2'000});
    talk.settle();
    ASSERT_TRUE(talk.end().reader().saw(h2::kPing));
    talk.proxy->time().advance(Millis{11'000});
    talk.settle();
    if (answers) {
      talk.proxy->time().advance(Millis{200'000});
      talk.settle();
      EXPECT_EQ(talk.end().reader().of(h2::kPing).size(), 1u) << "gRPC servers allow one in five minutes";
      talk.end().answer(1);
    } else {
      talk.pause();
      ASSERT_TRUE(talk.asked(2)) << "it goes again";
      EXPECT_TRUE(talk.end(0).peer().ended());
      talk.end(1).answer(1);
    }
    ASSERT_TRUE(talk.answered(client));
    const std::string log = talk.proxy->log();
    EXPECT_EQ(log.find("no answer to a PING") == std::string::npos, answers) << log;
  }
}

// Its path is gone, which nobody says: each request would wait on it in vain, and be one more reason not to ask.
TEST(H2Upstream, ADeadConnectionIsFoundWhileRequestsKeepComing) {
  H2UpstreamTalk talk("timeouts.response_header = \"12s\"\nretry.on = []");
  talk.ask(kGet);
  ASSERT_TRUE(talk.asked(1));
  talk.proxy->ops().arm_vulnerable(1, Fault::WouldBlock);
  talk.end().send(h2::ping());
  talk.settle();
  ASSERT_TRUE(talk.proxy->ops().struck_upstream());
  for (int seconds = 0; seconds < 50; seconds += 5) {
    talk.ask(kGet);
    talk.settle();
    talk.proxy->time().advance(Millis{5'000});
    talk.settle();
  }
  EXPECT_TRUE(talk.end().peer().ended());
  Peer& next = talk.ask(kGet);
  talk.settle();
  ASSERT_EQ(talk.up().ends(), 2u);
  const std::size_t asked = talk.end(1).requests();
  for (std::uint32_t i = 0; i < asked; ++i) talk.end(1).answer(2 * i + 1);
  ASSERT_TRUE(talk.answered(next));
  EXPECT_EQ(body_of(next.received()), "hello");
}

TEST(H2Upstream, AConnectionWithoutRequestsIsNotAsked) {
  H2UpstreamTalk talk("timeouts.upstream_idle = \"10m\"");
  Peer& client = talk.ask(kGet);
  ASSERT_TRUE(talk.asked(1));
  talk.end().answer(1);
  ASSERT_TRUE(talk.answered(client));
  for (int i = 0; i < 9; ++i) {
    talk.proxy->time().advance(Millis{60'000});
    talk.settle();
  }
  EXPECT_FALSE(talk.end().reader().saw(h2::kPing));
  EXPECT_FALSE(talk.end().peer().ended());
}

TEST(H2Upstream, WhoComplainsOfPingsGetsFewer) {
  H2UpstreamTalk talk("timeouts.response_header = \"60m\"");
  Peer& first = talk.ask(kGet);
  ASSERT_TRUE(talk.asked(1));
  talk.end().send(h2::goaway(1, 11, "too_many_pings"));
  talk.settle();
  talk.end().answer(1);
  ASSERT_TRUE(talk.answered(first));
  talk.ask(kGet);
  ASSERT_TRUE(talk.asked(2));
  std::size_t pings = 0;
  for (int seconds = 0; seconds < 600; seconds += 10) {
    talk.proxy->time().advance(Millis{10'000});
    talk.settle();
    pings = talk.end(1).reader().of(h2::kPing).size();
  }
  EXPECT_EQ(pings, 1u) << "instead of two in these ten minutes";
}

}  // namespace
}  // namespace frontdoor::testing
