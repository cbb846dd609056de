// Through one worker to upstreams of HTTP/2, frame by frame there: requests, bodies, what is shared and what is not.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "support/h2_client.h"
#include "support/h2_upstream.h"
#include "support/messages.h"

namespace frontdoor::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::uint32_t kRefused = 7;
constexpr std::uint32_t kCancel = 8;

std::string get(std::string_view path) { return "GET " + std::string(path) + " HTTP/1.1\r\nHost: e\r\n\r\n"; }

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

TEST(H2Upstream, ManyClientsShareOneConnection) {
  H2UpstreamTalk talk;
  std::vector<Peer*> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(&talk.ask(get("/" + std::to_string(i))));
  ASSERT_TRUE(talk.asked(20));
  EXPECT_EQ(talk.up().connections(), 1u);
  for (std::uint32_t id = 39; id >= 1 && id < 41; id -= 2) talk.end().answer(id, talk.end().asked(id)[":path"]);  // the last first
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(talk.answered(*clients[static_cast<std::size_t>(i)]));
    EXPECT_EQ(body_of(clients[static_cast<std::size_t>(i)]->received()), "/" + std::to_string(i));
  }
  // And one after the other, with pauses.
  for (int i = 0; i < 5; ++i) {
    talk.proxy->time().advance(Millis{5'000});  // longer than a connection of HTTP/1 would be trusted
    talk.settle();
    Peer& client = talk.ask(get("/again"));
    ASSERT_TRUE(talk.asked(21 + static_cast<std::size_t>(i)));
    talk.end().answer(static_cast<std::uint32_t>(41 + 2 * i));
    ASSERT_TRUE(talk.answered(client));
  }
  EXPECT_EQ(talk.up().connections(), 1u);
  EXPECT_EQ(talk.proxy->upstream(0).in_flight(), 0u);
}

TEST(H2Upstream, StreamsOfOneClientShareIt) {
  H2UpstreamTalk talk;
  H2Client client(*talk.proxy);
  for (std::uint32_t id = 1; id < 41; id += 2) client.send(h2::headers(id, h2::get("/" + std::to_string(id))));
  ASSERT_TRUE(client.until([&] {
    talk.up().read();
    return talk.up().requests() == 20;
  }));
  EXPECT_EQ(talk.up().connections(), 1u);
  for (std::uint32_t id = 1; id < 41; id += 2) talk.end().answer(id, talk.end().asked(id)[":path"]);
  for (std::uint32_t id = 1; id < 41; id += 2) {
    ASSERT_TRUE(client.ended(id));
    EXPECT_EQ(client.answer(id).body, "/" + std::to_string(id));
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

// A client that does not read makes us keep a window of its answer and no more, and its neighbours do not notice.
TEST(H2Upstream, AReaderThatIsSlowHoldsNobodyUp) {
  H2UpstreamTalk talk;
  Peer& slow = talk.ask(get("/slow"));
  slow.pause_reading(true);
  ASSERT_TRUE(talk.asked(1));
  talk.end().send(h2::headers(1, h2::status("200"), h2::kEndHeaders));
  // As a server would: what its windows allow.
  std::size_t sent = 0;
  std::size_t window = 256 * 1024;
  const auto pour = [&] {
    for (; sent + 16'000 <= window; sent += 16'000) talk.end().send(h2::data(1, std::string(16'000, 'x')));
    talk.settle();
    std::size_t opened = 256 * 1024;
    for (const auto& frame : talk.end().reader().of(h2::kWindowUpdate))
      if (frame.stream == 1) opened += frame.code();
    return std::exchange(window, opened) != opened;
  };
  while (pour() && sent < std::size_t{64} << 20) {
  }
  ASSERT_LT(sent, std::size_t{64} << 20) << "it is held up, once the kernel's buffers are full";
  Peer& quick = talk.ask(get("/quick"));
  ASSERT_TRUE(talk.asked(2));
  talk.end().answer(3, std::string(100'000, 'q').substr(0, 16'000));
  ASSERT_TRUE(talk.answered(quick));
  EXPECT_EQ(talk.up().connections(), 1u);
  slow.pause_reading(false);
  ASSERT_TRUE(talk.until([&] {
    pour();
    return slow.received().size() > sent;
  }));
}

TEST(H2Upstream, AnUploadWaitsForItsWindow) {
  H2UpstreamTalk talk;
  Peer& client = talk.ask("POST / HTTP/1.1\r\nHost: e\r\nContent-Length: 200000\r\n\r\n" + std::string(200'000, 'u'));
  ASSERT_TRUE(talk.until([&] { return talk.up().requests() == 1 && talk.end().asked(1).body.size() == 65'535; }));
  talk.settle();
  EXPECT_EQ(talk.end().asked(1).body.size(), 65'535u);
  talk.end().send(h2::window(1, 200'000));
  talk.settle();
  EXPECT_EQ(talk.end().asked(1).body.size(), 65'535u) << "the connection's window counts, too";
  talk.end().send(h2::window(0, 200'000));
  ASSERT_TRUE(talk.until([&] { return talk.end().asked(1).ended; }));
  EXPECT_EQ(talk.end().asked(1).body.size(), 200'000u);
  talk.end().answer(1);
  ASSERT_TRUE(talk.answered(client));
}

TEST(H2Upstream, AnEarlyAnswerToAnUploadIsPassedOnAndTheRestIsNotSent) {
  for (const bool stopped : {true, false}) {  // whether the upstream says that it wants no more
    H2UpstreamTalk talk;
    Peer& client = talk.ask("POST / HTTP/1.1\r\nHost: e\r\nContent-Length: 100000000\r\n\r\nabc");
    ASSERT_TRUE(talk.until([&] { return talk.up().requests() == 1 && talk.end().asked(1).body == "abc"; }));
    talk.end().send(h2::headers(1, h2::status("413", {{"content-length", "2"}}), h2::kEndHeaders) + h2::end_of(1, "no"));
    if (stopped) talk.end().send(h2::reset(1, 0));
    ASSERT_TRUE(talk.until([&] { return client.saw("\r\n\r\nno"); }));
    talk.settle();
    EXPECT_THAT(client.received(), HasSubstr("HTTP/1.1 413 "));
    EXPECT_EQ(talk.end().asked(1).was_reset, !stopped);
    Peer& next = talk.ask(get("/next"));
    ASSERT_TRUE(talk.asked(2));
    talk.end().answer(3);
    ASSERT_TRUE(talk.answered(next)) << "the connection serves on";
    EXPECT_EQ(talk.up().connections(), 1u);
    EXPECT_THAT(talk.proxy->log(), HasSubstr("\"status\":413"));
  }
}

TEST(H2Upstream, AClientThatLeavesCancelsItsStreamAndNoOther) {
  H2UpstreamTalk talk;
  Peer& stays = talk.ask(get("/stays"));
  Peer& leaves = talk.ask(get("/leaves"));
  ASSERT_TRUE(talk.asked(2));
  leaves.reset();
  ASSERT_TRUE(talk.until([&] { return talk.end().asked(3).was_reset; }));
  EXPECT_EQ(talk.end().asked(3).code, kCancel);
  EXPECT_EQ(talk.proxy->upstream(0).in_flight(), 1u);
  talk.end().answer(1);
  ASSERT_TRUE(talk.answered(stays));
  EXPECT_FALSE(talk.end().asked(1).was_reset);
}

TEST(H2Upstream, WhoeverHasDialedMayLeave) {
  H2UpstreamTalk talk;
  Peer& first = talk.ask(get("/first"));
  Peer& second = talk.ask(get("/second"));
  ASSERT_TRUE(talk.asked(2));
  first.reset();
  talk.settle();
  talk.end().answer(3);
  ASSERT_TRUE(talk.answered(second));
  EXPECT_EQ(talk.up().connections(), 1u);
}

TEST(H2Upstream, AsManyStreamsAsItAllowsThenAnotherConnection) {
  H2UpstreamTalk talk;
  talk.up().greet_with(h2::settings({{3, 2}}));
  std::vector<Peer*> clients{&talk.ask(get("/0"))};
  ASSERT_TRUE(talk.asked(1));
  talk.settle();
  for (int i = 1; i < 5; ++i) clients.push_back(&talk.ask(get("/" + std::to_string(i))));
  ASSERT_TRUE(talk.asked(5));
  EXPECT_EQ(talk.up().connections(), 3u);
  EXPECT_EQ(talk.end(0).requests(), 2u);
  EXPECT_EQ(talk.end(1).requests(), 2u);
  EXPECT_EQ(talk.end(2).requests(), 1u);
  for (std::size_t i = 0; i < 3; ++i)
    for (const std::uint32_t id : {1u, 3u})
      if (!talk.end(i).asked(id).fields.empty()) talk.end(i).answer(id);
  for (Peer* client : clients) ASSERT_TRUE(talk.answered(*client));
}

TEST(H2Upstream, BeyondEightConnectionsRequestsWaitInLine) {
  H2UpstreamTalk talk;
  talk.up().greet_with(h2::settings({{3, 1}}));
  std::vector<Peer*> clients{&talk.ask(get("/0"))};
  ASSERT_TRUE(talk.asked(1));
  talk.settle();
  for (int i = 1; i < 10; ++i) clients.push_back(&talk.ask(get("/" + std::to_string(i))));
  ASSERT_TRUE(talk.asked(8));
  talk.settle();
  EXPECT_EQ(talk.up().connections(), 8u);
  EXPECT_EQ(talk.up().requests(), 8u);
  talk.end(5).answer(1);
  ASSERT_TRUE(talk.until([&] { return talk.end(5).requests() == 2; }));
  EXPECT_EQ(talk.end(5).asked(3)[":path"], "/8") << "first come, first served";
  // One that leaves gives its place in the line up.
  clients.back()->reset();
  talk.settle();
  talk.end(6).answer(1);
  talk.settle();
  EXPECT_EQ(talk.up().requests(), 9u);
  // And who waits for too long is told so.
  talk.end(6).read();
  Peer& in_vain = talk.ask(get("/vain"));
  Peer& late = talk.ask(get("/late"));
  ASSERT_TRUE(talk.until([&] { return talk.end(6).requests() == 2; }));
  for (int i = 0; i < 8; ++i) {
    talk.proxy->time().advance(Millis{1'000});
    talk.settle();
  }
  Peer& told = late.saw("503") ? late : in_vain;
  EXPECT_THAT(told.received(), HasSubstr("HTTP/1.1 503 "));
  EXPECT_THAT(told.received(), HasSubstr("upstream_overloaded"));
}

TEST(H2Upstream, ARefusedStreamGoesAgainWhateverItIs) {
  for (const char* request : {kGet, kPost}) {
    H2UpstreamTalk talk;
    Peer& client = talk.ask(request);
    ASSERT_TRUE(talk.asked(1));
    talk.end().send(h2::reset(1, kRefused));
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
        talk.end(i).send(h2::reset(static_cast<std::uint32_t>(2 * refused[i] + 1), kRefused));
    return client.saw("HTTP/1.1 502 ");
  }));
  EXPECT_LE(talk.up().requests(), 4u);
}

TEST(H2Upstream, WhatIsAboveAGoawayGoesToANewConnectionAtOnceAndTheRestEndsThere) {
  H2UpstreamTalk talk;
  Peer& kept = talk.ask(get("/kept"));
  ASSERT_TRUE(talk.asked(1));
  Peer& crossed = talk.ask(kPost);
  ASSERT_TRUE(talk.asked(2));
  talk.end().send(h2::goaway(1));
  ASSERT_TRUE(talk.asked(3));
  Peer& later = talk.ask(get("/later"));
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
    Peer& one = talk.ask(get("/1"));
    ASSERT_TRUE(talk.asked(1));
    Peer& two = talk.ask(get("/2"));
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
  Peer& neighbour = talk.ask(get("/n"));
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
  Peer& neighbour = talk.ask(get("/n"));
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
  Peer& one = talk.ask(get("/1"));
  ASSERT_TRUE(talk.asked(1));
  Peer& two = talk.ask(get("/2"));
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
  Peer& one = talk.ask(get("/1"));
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

TEST(H2Upstream, OneThatLeavesThePoolIsLeftWhenItsRequestsHaveEnded) {
  H2UpstreamTalk talk("", 2);
  Peer& one = talk.ask(get("/1"));
  Peer& two = talk.ask(get("/2"));
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
  talk.end().send(h2::reset(1, 2) + h2::reset(3, kRefused) + h2::goaway(3));  // 5 is above the last one
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
