// How upstreams of HTTP/2 fail: refused streams, GOAWAY, resets, ends, what is no HTTP/2; what goes again, and where.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/h2_upstream.h"
#include "support/messages.h"

namespace frontdoor::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(H2Upstream, ARefusedStreamGoesAgainWhateverItIs) {
  for (const char* request : {kGet, kPost}) {
    H2UpstreamTalk talk;
    Peer& client = talk.ask(request);
    ASSERT_TRUE(talk.asked(1));
    talk.end().send(h2::reset(1, kRefusedStream));
    ASSERT_TRUE(talk.asked(2)) << request;
    EXPECT_EQ(talk.up().connections(), 2u) << "a full connection takes no more";
    talk.end(1).answer(1);
    ASSERT_TRUE(talk.answered(client));
    EXPECT_EQ(body_of(client.received()), "hello");
    EXPECT_EQ(talk.end(1).asked(1).body, std::string_view(request) == kPost ? "abc" : "");
    EXPECT_THAT(talk.proxy->log(), HasSubstr("not_processed"));
  }
}

// An upstream that refuses all that it is asked gets so many tries of each request and no more.
TEST(H2Upstream, WhoRefusesEverythingIsNotAskedForEver) {
  H2UpstreamTalk talk;
  Peer& client = talk.ask(kPost);
  std::vector<std::size_t> refused;
  ASSERT_TRUE(talk.until([&] {
    refused.resize(talk.up().ends());
    for (std::size_t i = 0; i < refused.size(); ++i)
      for (; refused[i] < talk.end(i).requests(); ++refused[i])
        talk.end(i).send(h2::reset(static_cast<std::uint32_t>(2 * refused[i] + 1), kRefusedStream));
    return client.saw("HTTP/1.1 502 ");
  }));
  EXPECT_LE(talk.up().requests(), 4u);
}

TEST(H2Upstream, WhatIsAboveAGoawayGoesToANewConnectionAtOnceAndTheRestEndsThere) {
  H2UpstreamTalk talk;
  Peer& kept = talk.ask(get_request("/kept"));
  ASSERT_TRUE(talk.asked(1));
  Peer& crossed = talk.ask(kPost);
  ASSERT_TRUE(talk.asked(2));
  talk.end().send(h2::goaway(1));
  ASSERT_TRUE(talk.asked(3));
  Peer& later = talk.ask(get_request("/later"));
  ASSERT_TRUE(talk.asked(4));
  EXPECT_EQ(talk.up().connections(), 2u);
  EXPECT_EQ(talk.end(1).asked(1)[":method"], "POST");
  EXPECT_EQ(talk.end(1).asked(3)[":path"], "/later");
  talk.end(1).answer(1);
  talk.end(1).answer(3);
  ASSERT_TRUE(talk.answered(crossed));
  ASSERT_TRUE(talk.answered(later));
  EXPECT_FALSE(talk.end().peer().ended()) << "one is still on it";
  talk.end().send(h2::headers(1, h2::status("200"), h2::kEndHeaders) + h2::data(1, "x") + h2::headers(1, {{"grpc-status", "0"}}));
  ASSERT_TRUE(talk.answered(kept));
  EXPECT_THAT(kept.received(), HasSubstr("grpc-status: 0"));
  ASSERT_TRUE(talk.until([&] { return talk.end().peer().ended(); })) << "nobody is";
  EXPECT_THAT(talk.proxy->log(), Not(HasSubstr("invalid_response")));
}

TEST(H2Upstream, AnIdleConnectionThatGoesAwayIsClosed) {
  H2UpstreamTalk talk;
  Peer& client = talk.ask(kGet);
  ASSERT_TRUE(talk.asked(1));
  talk.end().answer(1);
  ASSERT_TRUE(talk.answered(client));
  talk.end().send(h2::goaway(1));
  ASSERT_TRUE(talk.until([&] { return talk.end().peer().ended(); }));
  Peer& next = talk.ask(kPost);
  ASSERT_TRUE(talk.asked(2));
  EXPECT_EQ(talk.up().connections(), 2u);
  talk.end(1).answer(1);
  ASSERT_TRUE(talk.answered(next));
}

// A POST must not meet a connection that has just gone: it is looked at before.
TEST(H2Upstream, APostLooksBeforeItLeaps) {
  for (const bool politely : {true, false}) {
    H2UpstreamTalk talk;
    Peer& client = talk.ask(kGet);
    ASSERT_TRUE(talk.asked(1));
    talk.end().answer(1);
    ASSERT_TRUE(talk.answered(client));
    talk.settle();
    if (politely) talk.end().send(h2::goaway(1));
    else talk.end().peer().finish();
    talk.end().peer().poll();  // the proxy's loop has not seen it
    Peer& post = talk.ask(kPost);
    ASSERT_TRUE(talk.asked(2));
    EXPECT_EQ(talk.up().connections(), 2u);
    talk.end(1).answer(1);
    ASSERT_TRUE(talk.answered(post));
  }
}

TEST(H2Upstream, AConnectionsEndIsTheEndOfEachRequestOnItAndIdempotentOnesGoAgain) {
  for (const bool politely : {true, false}) {
    H2UpstreamTalk talk;
    Peer& one = talk.ask(get_request("/1"));
    ASSERT_TRUE(talk.asked(1));
    Peer& two = talk.ask(get_request("/2"));
    Peer& post = talk.ask(kPost);
    ASSERT_TRUE(talk.asked(3));
    if (politely) talk.end().peer().finish();
    else talk.end().peer().reset();
    talk.pause();
    ASSERT_TRUE(talk.asked(5));
    EXPECT_EQ(talk.up().connections(), 2u);
    ASSERT_TRUE(talk.answered(post));
    EXPECT_THAT(post.received(), HasSubstr("HTTP/1.1 502 "));
    EXPECT_THAT(post.received(), HasSubstr("upstream_reset"));
    talk.end(1).answer(1);
    talk.end(1).answer(3);
    ASSERT_TRUE(talk.answered(one));
    ASSERT_TRUE(talk.answered(two));
    EXPECT_EQ(body_of(one.received()), "hello");
    EXPECT_EQ(talk.proxy->upstream(0).in_flight(), 0u);
  }
}

TEST(H2Upstream, AStreamThatIsResetIsOneRequestsMatter) {
  H2UpstreamTalk talk("retry.containment = true");
  Peer& post = talk.ask(kPost);
  Peer& neighbour = talk.ask(get_request("/n"));
  ASSERT_TRUE(talk.asked(2));
  talk.end().send(h2::reset(1, 2));
  ASSERT_TRUE(talk.answered(post));
  EXPECT_THAT(post.received(), HasSubstr("HTTP/1.1 502 "));
  talk.settle();
  EXPECT_EQ(talk.up().connections(), 1u) << "nobody asks whether an upstream has died whose connection lives";
  talk.end().answer(3);
  ASSERT_TRUE(talk.answered(neighbour));
  EXPECT_THAT(talk.proxy->log(), HasSubstr("\"detail\":\"INTERNAL_ERROR\""));
}

TEST(H2Upstream, AnAnswerThatBreaksOffIsCutForTheClient) {
  H2UpstreamTalk talk;
  Peer& client = talk.ask(kGet);
  ASSERT_TRUE(talk.asked(1));
  talk.end().send(h2::headers(1, h2::status("200"), h2::kEndHeaders) + h2::data(1, "half") + h2::reset(1, 2));
  ASSERT_TRUE(talk.until([&] { return client.ended(); }));
  EXPECT_TRUE(client.saw("half")) << "what had come is passed on";
  EXPECT_FALSE(complete_response(client.received()));
  EXPECT_THAT(talk.proxy->log(), HasSubstr("response_truncated"));
}

TEST(H2Upstream, WhatIsNoAnswerIsA502AndTheConnectionServesOn) {
  H2UpstreamTalk talk;
  Peer& client = talk.ask(kGet);
  Peer& neighbour = talk.ask(get_request("/n"));
  ASSERT_TRUE(talk.asked(2));
  talk.end().send(h2::headers(1, h2::status("200", {{"connection", "close"}})));
  ASSERT_TRUE(talk.answered(client));
  EXPECT_THAT(client.received(), HasSubstr("HTTP/1.1 502 "));
  talk.end().answer(3);
  ASSERT_TRUE(talk.answered(neighbour));
  EXPECT_EQ(talk.up().connections(), 1u);
  const std::string log = talk.proxy->log();
  EXPECT_THAT(log, HasSubstr("invalid_response"));
  EXPECT_THAT(log, HasSubstr("malformed HTTP/2 response"));
}

TEST(H2Upstream, WhoDoesNotSpeakHttp2IsSaidSo) {
  ScriptedUpstream upstream;
  TestProxy proxy({&upstream}, "", "protocol = \"h2c\"");
  const auto client = proxy.client();
  client->send(kPost);
  ASSERT_TRUE(proxy.until({client.get()}, [&] { return upstream.connections() == 1 && upstream.last().saw("PRI * HTTP/2.0"); }));
  upstream.last().send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  upstream.last().finish();
  ASSERT_TRUE(proxy.until({client.get()}, [&] { return complete_response(client->received()); }));
  EXPECT_THAT(client->received(), HasSubstr("HTTP/1.1 502 "));
  EXPECT_THAT(proxy.log(), HasSubstr("the upstream does not speak HTTP/2"));
  const auto kinds = proxy.malformed().take();
  EXPECT_FALSE(kinds.empty()) << "and the event log tells";
}

TEST(H2Upstream, WhoBreaksTheRulesIsToldOfOnceAndOthersGoElsewhere) {
  H2UpstreamTalk talk;
  Peer& one = talk.ask(get_request("/1"));
  ASSERT_TRUE(talk.asked(1));
  Peer& two = talk.ask(get_request("/2"));
  ASSERT_TRUE(talk.asked(2));
  std::string flood;
  for (int i = 0; i < 300; ++i) flood += h2::settings();
  talk.end().send(flood);
  talk.pause();
  ASSERT_TRUE(talk.asked(4));
  EXPECT_EQ(talk.end().reader().goaway_code(), 11u) << "ENHANCE_YOUR_CALM";
  talk.end(1).answer(1);
  talk.end(1).answer(3);
  ASSERT_TRUE(talk.answered(one));
  ASSERT_TRUE(talk.answered(two));
  const auto kinds = talk.proxy->malformed().take();
  ASSERT_EQ(kinds.size(), 1u);
  EXPECT_EQ(kinds[0].detail, "SETTINGS flood");
  EXPECT_EQ(kinds[0].count, 1u);
}

TEST(H2Upstream, ARefusedConnectIsSeenByAllWhoWaitForIt) {
  H2UpstreamTalk talk("", 2);
  talk.up(0).stop_listening();
  std::vector<Peer*> clients;
  for (int i = 0; i < 4; ++i) clients.push_back(&talk.ask(kPost));
  ASSERT_TRUE(talk.asked(4, 1));
  for (const std::uint32_t id : {1u, 3u, 5u, 7u}) talk.end(0, 1).answer(id);
  for (Peer* client : clients) {
    ASSERT_TRUE(talk.answered(*client));
    EXPECT_EQ(body_of(client->received()), "hello");
  }
  EXPECT_EQ(talk.proxy->upstream(0).seen().state, UpstreamState::Down);
}

TEST(H2Upstream, AnUpstreamThatGoesDownGivesItsRequestsBack) {
  H2UpstreamTalk talk("", 2);
  Peer& one = talk.ask(get_request("/1"));
  ASSERT_TRUE(talk.until([&] { return talk.up(0).requests() + talk.up(1).requests() == 1; }));
  const std::size_t first = talk.up(0).requests() == 1 ? 0 : 1;
  Upstream& upstream = talk.proxy->upstream(first);
  upstream.change(upstream.seen(), UpstreamState::Down, "test", talk.proxy->time().now(), DownCause::Hung);
  ASSERT_TRUE(talk.asked(1, 1 - first));
  EXPECT_TRUE(talk.until([&] { return talk.end(0, first).asked(1).was_reset || talk.end(0, first).peer().ended(); }));
  talk.end(0, 1 - first).answer(1);
  ASSERT_TRUE(talk.answered(one));
  EXPECT_TRUE(talk.until([&] { return talk.end(0, first).peer().ended(); })) << "nobody is on it";
}

}  // namespace
}  // namespace frontdoor::testing
