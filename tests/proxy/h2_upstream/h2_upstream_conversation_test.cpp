// Through one worker to upstreams of HTTP/2, frame by frame there: heads, bodies, and what is told of them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/h2_upstream.h"
#include "support/messages.h"

namespace frontdoor::testing {
namespace {

using ::testing::HasSubstr;

TEST(H2Upstream, ARequestIsForwardedAsHttp2) {
  H2UpstreamTalk talk;
  Peer& client = talk.ask("GET /a?b=c HTTP/1.1\r\nHost: App.example\r\nCookie: a=1\r\nX-Name: v\r\nTE: gzip\r\nConnection: x-hop\r\nX-Hop: 1\r\n\r\n");
  ASSERT_TRUE(talk.asked(1));
  const auto asked = talk.end().asked(1);
  EXPECT_EQ(asked[":method"], "GET");
  EXPECT_EQ(asked[":scheme"], "http");
  EXPECT_EQ(asked[":authority"], "App.example");
  EXPECT_EQ(asked[":path"], "/a?b=c");
  EXPECT_EQ(asked["cookie"], "a=1");
  EXPECT_EQ(asked["x-name"], "v");
  EXPECT_EQ(asked["te"], "trailers");
  EXPECT_EQ(asked["x-forwarded-for"], "127.0.0.1");
  EXPECT_EQ(asked["via"], "1.1 frontdoor");
  for (const char* none : {"host", "connection", "x-hop", "transfer-encoding", "content-length"}) EXPECT_FALSE(asked.has(none)) << none;
  EXPECT_TRUE(asked.ended);

  talk.end().send(h2::headers(1, h2::status("200", {{"content-length", "5"}, {"x-up", "Yes"}}), h2::kEndHeaders) + h2::end_of(1, "hello"));
  ASSERT_TRUE(talk.answered(client));
  EXPECT_THAT(client.received(), HasSubstr("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(client.received(), HasSubstr("Content-Length: 5\r\n"));
  EXPECT_THAT(client.received(), HasSubstr("x-up: Yes\r\n"));
  EXPECT_THAT(client.received(), HasSubstr("Via: 2 frontdoor\r\n"));
  EXPECT_EQ(body_of(client.received()), "hello");
  talk.settle();
  EXPECT_THAT(talk.proxy->log(), HasSubstr("\"outcome\":\"served\""));
  EXPECT_EQ(talk.proxy->upstream(0).in_flight(), 0u);
}

TEST(H2Upstream, EachMethodSaysItsLength) {
  const struct {
    const char* request;
    const char* length;  // null: none
  } cases[] = {
      {"GET / HTTP/1.1\r\nHost: e\r\n\r\n", nullptr},
      {"DELETE / HTTP/1.1\r\nHost: e\r\n\r\n", nullptr},
      {"POST / HTTP/1.1\r\nHost: e\r\nContent-Length: 0\r\n\r\n", "0"},
      {"POST / HTTP/1.1\r\nHost: e\r\nContent-Length: 3\r\n\r\nabc", "3"},
      {"PUT / HTTP/1.1\r\nHost: e\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", nullptr},
  };
  for (const auto& one : cases) {
    H2UpstreamTalk talk;
    talk.ask(one.request);
    ASSERT_TRUE(talk.until([&] { return talk.up().requests() == 1 && talk.end().asked(1).ended; })) << one.request;
    const auto asked = talk.end().asked(1);
    EXPECT_EQ(asked.has("content-length"), one.length != nullptr) << one.request;
    EXPECT_EQ(asked["content-length"], one.length ? one.length : "") << one.request;
  }
}

TEST(H2Upstream, BodiesAndTrailersGoBothWays) {
  H2UpstreamTalk talk;
  Peer& client = talk.ask("POST / HTTP/1.1\r\nHost: e\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nabc\r\n");
  ASSERT_TRUE(talk.until([&] { return talk.up().requests() == 1 && talk.end().asked(1).body == "abc"; }));
  client.send("3\r\ndef\r\n0\r\nX-Sum: 6\r\n\r\n");
  ASSERT_TRUE(talk.until([&] { return talk.end().asked(1).ended; }));
  EXPECT_EQ(talk.end().asked(1).body, "abcdef");
  EXPECT_EQ(talk.end().asked(1).trailers, (h2::Pairs{{"x-sum", "6"}}));
  talk.end().send(h2::headers(1, h2::status("200", {{"trailer", "x-end"}}), h2::kEndHeaders) + h2::data(1, "abc"));
  ASSERT_TRUE(talk.until([&] { return client.saw("3\r\nabc"); }));
  talk.end().send(h2::data(1, "d") + h2::headers(1, {{"x-end", "1"}}));
  ASSERT_TRUE(talk.answered(client));
  EXPECT_EQ(body_of(client.received()), "abcd");
  EXPECT_THAT(client.received(), HasSubstr("0\r\nx-end: 1\r\n\r\n"));
}

TEST(H2Upstream, InformationalHeadsArePassedOn) {
  H2UpstreamTalk talk;
  Peer& client = talk.ask("POST / HTTP/1.1\r\nHost: e\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  ASSERT_TRUE(talk.asked(1));
  EXPECT_EQ(talk.end().asked(1)["expect"], "100-continue");
  EXPECT_FALSE(talk.end().asked(1).ended);
  talk.end().send(h2::headers(1, h2::status("100"), h2::kEndHeaders) + h2::headers(1, h2::status("103", {{"link", "</a>"}}), h2::kEndHeaders));
  ASSERT_TRUE(talk.until([&] { return client.saw("HTTP/1.1 103"); }));
  EXPECT_THAT(client.received(), HasSubstr("HTTP/1.1 100 Continue\r\n"));
  client.send("abc");
  ASSERT_TRUE(talk.until([&] { return talk.end().asked(1).ended; }));
  talk.end().answer(1);
  ASSERT_TRUE(talk.answered(client));
}

TEST(H2Upstream, AHeadAloneIsAnAnswer) {
  for (const char* status : {"200", "204", "304", "404"}) {
    H2UpstreamTalk talk;
    Peer& client = talk.ask(kGet);
    ASSERT_TRUE(talk.asked(1));
    talk.end().send(h2::headers(1, h2::status(status)));
    ASSERT_TRUE(talk.answered(client)) << status;
    EXPECT_EQ(body_of(client.received()), "");
    client.forget();
    client.send(kGet);
    ASSERT_TRUE(talk.asked(2)) << "the client's connection goes on";
  }
}

TEST(H2Upstream, AnOfferOfAnotherProtocolIsNotPassedOn) {
  H2UpstreamTalk talk;
  Peer& client = talk.ask("GET / HTTP/1.1\r\nHost: e\r\nConnection: Upgrade\r\nUpgrade: foo/1\r\n\r\n");
  ASSERT_TRUE(talk.asked(1));
  EXPECT_FALSE(talk.end().asked(1).has("upgrade"));
  EXPECT_FALSE(talk.end().asked(1).has("connection"));
  talk.end().answer(1);
  ASSERT_TRUE(talk.answered(client));
}

TEST(H2Upstream, WhatBecomesOfItsStreamsIsCounted) {
  H2UpstreamTalk talk("retry.attempts = 0");
  const auto counted = [&] { return talk.proxy->upstream(0).totals().http2; };
  EXPECT_FALSE(counted());
  talk.ask(kGet);
  talk.ask(kGet);
  talk.ask(kGet);
  ASSERT_TRUE(talk.asked(3));
  ASSERT_TRUE(counted());
  EXPECT_EQ(counted()->streams, 3u);
  talk.end().send(h2::reset(1, 2) + h2::reset(3, kRefusedStream) + h2::goaway(3));  // 5 is above the last one
  talk.settle();
  EXPECT_EQ(counted()->goaways, (WordTotals{{"NO_ERROR", 1}}));
  WordTotals resets = counted()->resets;
  EXPECT_EQ(count_of(resets, "INTERNAL_ERROR"), 1u);
  EXPECT_EQ(count_of(resets, "REFUSED_STREAM"), 2u);
  EXPECT_THAT(talk.proxy->log(), HasSubstr("\"upstream_protocol\":\"HTTP/2.0\""));
}

TEST(H2Upstream, ACodeThatNobodyKnowsIsCountedUnderOneName) {
  H2UpstreamTalk talk("retry.attempts = 0");
  for (std::uint32_t id = 1; id < 9; id += 2) talk.ask(kGet);
  ASSERT_TRUE(talk.asked(4));
  for (std::uint32_t id = 1; id < 9; id += 2) talk.end().send(h2::reset(id, 1000 + id));
  talk.settle();
  EXPECT_EQ(talk.proxy->upstream(0).totals().http2->resets, (WordTotals{{"unknown error code", 4}}));
}

}  // namespace
}  // namespace frontdoor::testing
