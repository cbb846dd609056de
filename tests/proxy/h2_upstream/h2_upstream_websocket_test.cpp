// WebSockets to upstreams of HTTP/2 (RFC 8441), of clients of both protocols.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/h2_upstream/websocket_opening.h"
#include "support/h2_client.h"
#include "support/h2_upstream.h"
#include "support/messages.h"
#include "support/tunnel_talk.h"

namespace frontdoor::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::string kAllowing = h2::settings({{8, 1}});

// One WebSocket through a worker; the upstream allows them unless the test says otherwise.
struct TunnelToHttp2 {
  H2UpstreamTalk talk;
  Peer* client = nullptr;

  explicit TunnelToHttp2(std::string_view pool = "", const std::string& settings = kAllowing, std::size_t upstreams = 1)
      : talk(pool, upstreams) {
    for (const auto& up : talk.ups) up->greet_with(settings);
  }
  void ask(std::string_view handshake = kHandshake) { client = &talk.ask(handshake); }
  void take(h2::Pairs more = {}) { end().send(h2::headers(1, h2::status("200", std::move(more)), h2::kEndHeaders)); }
  bool open() {
    ask();
    if (!talk.asked(1)) return false;
    take();
    if (!talk.until([&] { return client->saw("\r\n\r\n"); }) || !client->saw("HTTP/1.1 101 ")) return false;
    client->forget();
    return true;
  }
  H2UpstreamEnd& end() { return talk.end(); }
  h2::Asked asked() { return end().asked(1); }
  bool until(const std::function<bool()>& done) { return talk.until(done); }
  void settle() { talk.settle(); }
  bool logged(std::string_view outcome) {
    settle();
    return talk.proxy->log().find("\"outcome\":\"" + std::string(outcome) + '"') != std::string::npos;
  }
};

TEST(H2UpstreamWebSocket, IsAskedForWithAnExtendedConnect) {
  TunnelToHttp2 stage;
  stage.ask("GET /chat?a=b HTTP/1.1\r\nHost: app.example\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nOrigin: http://app.example\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat\r\n\r\n");
  ASSERT_TRUE(stage.talk.asked(1));
  const auto asked = stage.asked();
  EXPECT_EQ(asked[":method"], "CONNECT");
  EXPECT_EQ(asked[":protocol"], "websocket");
  EXPECT_EQ(asked[":scheme"], "http");
  EXPECT_EQ(asked[":path"], "/chat?a=b");
  EXPECT_EQ(asked[":authority"], "app.example");
  EXPECT_EQ(asked["sec-websocket-version"], "13");
  EXPECT_EQ(asked["sec-websocket-protocol"], "chat");
  EXPECT_EQ(asked["origin"], "http://app.example");
  EXPECT_EQ(asked["x-forwarded-for"], "127.0.0.1");
  for (const char* none : {"sec-websocket-key", "upgrade", "connection", "content-length", "te", "host"}) EXPECT_FALSE(asked.has(none)) << none;
  EXPECT_FALSE(asked.ended);

  stage.take({{"sec-websocket-protocol", "chat"}, {"sec-websocket-accept", "of-the-upstream"}, {"content-length", "0"}});
  ASSERT_TRUE(stage.until([&] { return stage.client->saw("\r\n\r\n"); }));
  const std::string& head = stage.client->received();
  EXPECT_THAT(head, HasSubstr("HTTP/1.1 101 Switching Protocols\r\n"));
  EXPECT_THAT(head, HasSubstr("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
  EXPECT_THAT(head, HasSubstr("Connection: Upgrade\r\n"));
  EXPECT_THAT(head, HasSubstr("Upgrade: websocket\r\n"));
  EXPECT_THAT(head, HasSubstr("sec-websocket-protocol: chat\r\n"));
  EXPECT_THAT(head, HasSubstr("Via: 2 frontdoor\r\n"));
  EXPECT_THAT(head, Not(HasSubstr("of-the-upstream")));
  EXPECT_THAT(head, Not(HasSubstr("ontent-")));
}

TEST(H2UpstreamWebSocket, FramesPassBothWaysAndItEndsInOrder) {
  TunnelToHttp2 stage;
  ASSERT_TRUE(stage.open());
  stage.client->send(client_frame("hello"));
  ASSERT_TRUE(stage.until([&] { return stage.asked().body == client_frame("hello"); }));
  stage.end().send(h2::data(1, server_frame("welcome")));
  ASSERT_TRUE(stage.until([&] { return stage.client->received() == server_frame("welcome"); }));

  stage.client->send(client_close(1000));
  stage.client->finish();
  ASSERT_TRUE(stage.until([&] { return stage.asked().ended; })) << "a FIN is END_STREAM";
  EXPECT_FALSE(stage.asked().was_reset);
  stage.end().send(h2::data(1, server_frame("a last word")) + h2::end_of(1, server_close(1000)));
  ASSERT_TRUE(stage.until([&] { return stage.client->ended(); })) << "and the other way round";
  EXPECT_THAT(stage.client->received(), HasSubstr(server_frame("a last word") + server_close(1000)));
  EXPECT_TRUE(stage.logged("served"));
  EXPECT_THAT(stage.talk.proxy->log(), HasSubstr("\"status\":101"));
  EXPECT_FALSE(stage.asked().was_reset);
  EXPECT_FALSE(stage.end().peer().ended()) << "its connection serves on";
  EXPECT_EQ(stage.talk.proxy->upstream(0).in_flight(), 0u);
}

TEST(H2UpstreamWebSocket, TheUpstreamMayEndFirst) {
  TunnelToHttp2 stage;
  ASSERT_TRUE(stage.open());
  stage.end().send(h2::end_of(1, server_close(1001)));
  ASSERT_TRUE(stage.until([&] { return stage.client->ended(); }));
  stage.client->send(client_close(1001));
  stage.client->finish();
  ASSERT_TRUE(stage.until([&] { return stage.asked().ended; }));
  EXPECT_EQ(stage.asked().body, client_close(1001));
  EXPECT_TRUE(stage.logged("served"));
}

TEST(H2UpstreamWebSocket, WhatComesWithTheAnswerIsNotLost) {
  TunnelToHttp2 stage;
  stage.ask();
  ASSERT_TRUE(stage.talk.asked(1));
  stage.end().send(h2::headers(1, h2::status("200"), h2::kEndHeaders) + h2::data(1, server_frame("first")));
  ASSERT_TRUE(stage.until([&] { return stage.client->saw(server_frame("first")); }));
}

TEST(H2UpstreamWebSocket, OfAClientOfHttp2) {
  TunnelToHttp2 stage;
  H2Client client(*stage.talk.proxy);
  client.send(h2::headers(1, {{":method", "CONNECT"}, {":protocol", "websocket"}, {":scheme", "http"}, {":path", "/chat"},
                              {":authority", "app.example"}, {"sec-websocket-version", "13"}}, h2::kEndHeaders));
  const auto both = [&](const std::function<bool()>& done) {
    return client.until([&] {
      stage.talk.up().read();
      return done();
    });
  };
  ASSERT_TRUE(both([&] { return stage.talk.up().requests() == 1; }));
  EXPECT_EQ(stage.asked()[":protocol"], "websocket");
  EXPECT_FALSE(stage.asked().has("sec-websocket-key"));
  stage.take();
  ASSERT_TRUE(both([&] { return client.answer(1).status == "200"; }));
  for (const char* gone : {"sec-websocket-accept", "upgrade", "connection"}) EXPECT_EQ(client.answer(1)[gone], "") << gone;
  client.send(h2::data(1, client_frame("hello")));
  ASSERT_TRUE(both([&] { return stage.asked().body == client_frame("hello"); }));
  stage.end().send(h2::data(1, server_frame("welcome")));
  ASSERT_TRUE(both([&] { return client.answer(1).body == server_frame("welcome"); }));
  client.send(h2::end_of(1, client_close(1000)));
  ASSERT_TRUE(both([&] { return stage.asked().ended; }));
  stage.end().send(h2::end_of(1, server_close(1000)));
  ASSERT_TRUE(both([&] { return client.answer(1).ended; }));
  EXPECT_FALSE(client.answer(1).was_reset);
}

TEST(H2UpstreamWebSocket, WithoutTheSettingItIsAnsweredAtOnce) {
  for (const auto& settings : {h2::settings(), h2::settings({{8, 0}})}) {
    TunnelToHttp2 stage("", settings);
    stage.ask();
    ASSERT_TRUE(stage.talk.answered(*stage.client));
    EXPECT_THAT(stage.client->received(), HasSubstr("HTTP/1.1 502 "));
    EXPECT_THAT(stage.client->received(), HasSubstr("websocket_unsupported"));
    EXPECT_TRUE(stage.logged("websocket_unsupported"));
    EXPECT_THAT(stage.talk.proxy->log(), HasSubstr("\"detail\":\"its SETTINGS do not allow extended CONNECT\""));
    EXPECT_EQ(stage.talk.up().requests(), 0u);
    // The connection serves others, and the next one needs no SETTINGS.
    Peer& other = stage.talk.ask(kGet);
    ASSERT_TRUE(stage.talk.asked(1));
    stage.end().answer(1);
    ASSERT_TRUE(stage.talk.answered(other));
    stage.ask();
    ASSERT_TRUE(stage.talk.answered(*stage.client));
    EXPECT_THAT(stage.client->received(), HasSubstr("HTTP/1.1 502 "));
    EXPECT_EQ(stage.talk.up().connections(), 1u);
    EXPECT_EQ(stage.talk.proxy->upstream(0).in_flight(), 0u);
  }
}

TEST(H2UpstreamWebSocket, AnotherUpstreamOfThePoolMayAllowIt) {
  TunnelToHttp2 stage("", h2::settings(), 2);
  stage.talk.up(1).greet_with(kAllowing);
  for (int i = 0; i < 4; ++i) stage.ask();
  ASSERT_TRUE(stage.talk.asked(4, 1));
  EXPECT_EQ(stage.talk.up(0).requests(), 0u);
  EXPECT_TRUE(stage.talk.proxy->upstream(0).available()) << "nothing is wrong with it";
}

// More than there are tries, and whatever retry.on says: nothing is sent to one that does not allow it.
TEST(H2UpstreamWebSocket, TheOneOfManyThatAllowsItIsFound) {
  for (const char* retry : {"", "retry.attempts = 0", "retry.on = []"}) {
    TunnelToHttp2 stage(retry, h2::settings(), 6);
    stage.talk.up(5).greet_with(kAllowing);
    for (std::size_t i = 1; i <= 6; ++i) {
      stage.ask();
      ASSERT_TRUE(stage.talk.asked(i, 5)) << retry << stage.client->received();
    }
  }
}

// It may be taken again in a second; that it is "unsupported" would be for good. It does not wait: GETs would, behind it.
TEST(H2UpstreamWebSocket, TheOneThatAllowsItMayBeFull) {
  TunnelToHttp2 stage("max_in_flight = 1", h2::settings(), 2);
  stage.talk.up(1).greet_with(kAllowing);
  stage.ask();
  ASSERT_TRUE(stage.talk.asked(1, 1));
  stage.talk.end(0, 1).send(h2::headers(1, h2::status("200"), h2::kEndHeaders));
  Peer* const open = stage.client;
  ASSERT_TRUE(stage.until([&] { return open->saw("HTTP/1.1 101 "); }));

  stage.ask();
  ASSERT_TRUE(stage.talk.answered(*stage.client));
  EXPECT_THAT(stage.client->received(), HasSubstr("HTTP/1.1 503 "));
  EXPECT_THAT(stage.client->received(), HasSubstr("Retry-After: 1\r\n"));
  EXPECT_TRUE(stage.logged("pool_saturated"));
  Peer& other = stage.talk.ask(kGet);
  ASSERT_TRUE(stage.talk.asked(1, 0)) << "nobody stands behind it";
  stage.talk.end(0, 0).answer(1);
  ASSERT_TRUE(stage.talk.answered(other));

  open->reset();
  ASSERT_TRUE(stage.until([&] { return stage.talk.proxy->upstream(1).in_flight() == 0; }));
  stage.ask();
  ASSERT_TRUE(stage.talk.asked(2, 1));
}

// They live for hours, and requests must find streams meanwhile.
TEST(H2UpstreamWebSocket, TakesHalfOfTheStreamsAtMost) {
  TunnelToHttp2 stage("timeouts.connect = \"1s\"", h2::settings({{8, 1}, {3, 1}}));  // eight at a time, on as many connections
  std::vector<Peer*> open;
  for (std::size_t i = 0; i < 4; ++i) {
    stage.ask();
    ASSERT_TRUE(stage.talk.asked(i + 1));
    stage.talk.end(i).send(h2::headers(1, h2::status("200"), h2::kEndHeaders));
    ASSERT_TRUE(stage.until([&] { return stage.client->saw("HTTP/1.1 101 "); }));
    open.push_back(stage.client);
  }
  stage.ask();
  ASSERT_TRUE(stage.talk.answered(*stage.client)) << "at once";
  EXPECT_THAT(stage.client->received(), HasSubstr("HTTP/1.1 503 "));
  EXPECT_TRUE(stage.logged("upstream_overloaded"));
  EXPECT_THAT(stage.talk.proxy->log(), HasSubstr("\"detail\":\"WebSockets have their half of its streams\""));

  std::vector<Peer*> others;
  for (std::size_t i = 0; i < 4; ++i) {
    others.push_back(&stage.talk.ask(kGet));
    ASSERT_TRUE(stage.talk.asked(5 + i)) << "those are the requests'";
  }
  for (std::size_t i = 0; i < 4; ++i) {
    H2UpstreamEnd& end = stage.talk.end(4 + i);
    end.answer(end.reader().of(h2::kHeaders).back().stream);
  }
  for (Peer* const other : others) {
    ASSERT_TRUE(stage.talk.answered(*other));
    EXPECT_THAT(other->received(), HasSubstr("HTTP/1.1 200 "));
  }
  // One that ends makes room; so do those whose connection is going away.
  open[0]->reset();
  ASSERT_TRUE(stage.until([&] { return stage.talk.end(0).asked(1).was_reset; }));
  stage.ask();
  ASSERT_TRUE(stage.talk.asked(9));
  stage.talk.end(1).send(h2::goaway(1));
  stage.settle();
  stage.ask();
  ASSERT_TRUE(stage.talk.asked(10));
  EXPECT_FALSE(open[1]->ended());
}

// Both its END_STREAM and, since nobody is there any more, RST_STREAM(NO_ERROR): a client that is silent would keep it for hours.
TEST(H2UpstreamWebSocket, AnUpstreamThatHasClosedItsStreamIsGone) {
  TunnelToHttp2 stage("timeouts.stream_idle = \"60m\"");
  ASSERT_TRUE(stage.open());
  stage.end().send(h2::data(1, server_frame("last words")) + h2::end_of(1, server_close(1001)) + h2::reset(1, 0));
  ASSERT_TRUE(stage.until([&] { return stage.client->ended(); }));
  EXPECT_EQ(stage.client->received(), server_frame("last words") + server_close(1001));
  stage.settle();
  EXPECT_TRUE(stage.logged("served"));
  EXPECT_EQ(stage.talk.proxy->upstream(0).in_flight(), 0u);
}

TEST(H2UpstreamWebSocket, KeepsNothingOfItsHead) {
  http::WebSocketKey key{};
  std::string_view{"dGhlIHNhbXBsZSBub25jZQ=="}.copy(key.data(), key.size());
  http::Fields fields{{"Upgrade", "websocket", http::FieldId::Upgrade}, {http::kWebSocketKey, {key.data(), key.size()}}};
  const std::string cookie(4'000, 'x');
  fields.push_back({"Cookie", cookie});
  const OutgoingRequest request{.method = "GET", .target = "/", .authority = "e", .fields = fields, .framing = {}, .upgrade = true};
  const auto opening = WebSocketOpening::of(request, http::Method::Get);
  ASSERT_TRUE(opening);
  EXPECT_GT(opening->memory(), cookie.size());
  http::ResponseHead head;
  head.fields.push_back({"Sec-WebSocket-Protocol", "chat"});
  EXPECT_EQ(opening->accepted(head).status, 101);
  opening->asked();
  opening->switched();
  EXPECT_LT(opening->memory(), 64u);
}

// Some clients say that their GET has none.
TEST(H2UpstreamWebSocket, ALengthOfZeroIsNoBody) {
  TunnelToHttp2 stage;
  std::string handshake(kHandshake);
  handshake.insert(handshake.size() - 2, "Content-Length: 0\r\n");
  stage.ask(handshake);
  ASSERT_TRUE(stage.talk.asked(1));
  EXPECT_EQ(stage.asked()[":protocol"], "websocket");
  EXPECT_FALSE(stage.asked().has("content-length"));
  EXPECT_FALSE(stage.asked().ended);
  stage.take();
  ASSERT_TRUE(stage.until([&] { return stage.client->saw("HTTP/1.1 101 "); }));
  stage.client->forget();
  stage.client->send(client_frame("hello"));
  ASSERT_TRUE(stage.until([&] { return stage.asked().body == client_frame("hello"); }));
}

TEST(H2UpstreamWebSocket, TheFirstSettingsAreWaitedFor) {
  TunnelToHttp2 stage("", "");
  stage.ask();
  ASSERT_TRUE(stage.until([&] { return stage.talk.up().ends() == 1 && stage.end().greeted(); }));
  stage.settle();
  EXPECT_EQ(stage.talk.up().requests(), 0u);
  EXPECT_EQ(stage.client->received(), "");
  stage.end().send(kAllowing);
  ASSERT_TRUE(stage.talk.asked(1));
  stage.take();
  ASSERT_TRUE(stage.until([&] { return stage.client->saw("HTTP/1.1 101 "); }));
  // A later one does not wait.
  stage.ask();
  ASSERT_TRUE(stage.talk.asked(2));

  TunnelToHttp2 other("", "");
  other.ask();
  ASSERT_TRUE(other.until([&] { return other.talk.up().ends() == 1 && other.end().greeted(); }));
  other.end().send(h2::settings());
  ASSERT_TRUE(other.talk.answered(*other.client));
  EXPECT_THAT(other.client->received(), HasSubstr("websocket_unsupported"));
}

TEST(H2UpstreamWebSocket, ButNotForEver) {
  TunnelToHttp2 stage("timeouts.response_header = \"3s\"", "");
  stage.ask();
  ASSERT_TRUE(stage.until([&] { return stage.talk.up().ends() == 1 && stage.end().greeted(); }));
  stage.settle();
  stage.talk.proxy->time().advance(Millis{3'100});
  ASSERT_TRUE(stage.talk.answered(*stage.client));
  EXPECT_THAT(stage.client->received(), HasSubstr("HTTP/1.1 504 "));
  EXPECT_TRUE(stage.logged("response_header_timeout"));
  EXPECT_THAT(stage.talk.proxy->log(), HasSubstr("its SETTINGS have not come"));
  EXPECT_EQ(stage.talk.proxy->upstream(0).in_flight(), 0u);
}

TEST(H2UpstreamWebSocket, AClientMayLeaveMeanwhile) {
  TunnelToHttp2 stage("", "");
  stage.ask();
  ASSERT_TRUE(stage.until([&] { return stage.talk.up().ends() == 1 && stage.end().greeted(); }));
  stage.client->reset();
  stage.settle();
  EXPECT_TRUE(stage.logged("client_closed"));
  stage.end().send(kAllowing);
  stage.settle();
  EXPECT_EQ(stage.talk.up().requests(), 0u);
  EXPECT_EQ(stage.talk.proxy->upstream(0).in_flight(), 0u);
}

TEST(H2UpstreamWebSocket, AConnectionThatEndsBeforeItsSettingsIsTriedAnew) {
  TunnelToHttp2 stage("", "");
  stage.ask();
  ASSERT_TRUE(stage.until([&] { return stage.talk.up().ends() == 1 && stage.end().greeted(); }));
  stage.talk.up().greet_with(kAllowing);
  stage.end().peer().finish();
  stage.talk.pause();
  ASSERT_TRUE(stage.talk.asked(1));
  EXPECT_EQ(stage.talk.up().connections(), 2u);
}

TEST(H2UpstreamWebSocket, WhoDoesNotSpeakHttp2IsSaidSo) {
  TunnelToHttp2 stage("", "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
  stage.ask();
  ASSERT_TRUE(stage.talk.answered(*stage.client));
  EXPECT_THAT(stage.client->received(), HasSubstr("HTTP/1.1 502 "));
  EXPECT_TRUE(stage.logged("invalid_response"));
  EXPECT_THAT(stage.talk.proxy->log(), HasSubstr("the upstream does not speak HTTP/2"));
}

TEST(H2UpstreamWebSocket, ARefusalIsPassedOnAndItsStreamEnds) {
  TunnelToHttp2 stage;
  stage.ask();
  ASSERT_TRUE(stage.talk.asked(1));
  stage.end().answer(1, "nope", "403");
  ASSERT_TRUE(stage.talk.answered(*stage.client));
  EXPECT_THAT(stage.client->received(), HasSubstr("HTTP/1.1 403 "));
  EXPECT_EQ(body_of(stage.client->received()), "nope");
  ASSERT_TRUE(stage.until([&] { return stage.asked().ended; }));
  stage.settle();
  EXPECT_FALSE(stage.asked().was_reset);
  EXPECT_TRUE(stage.logged("served"));
}

TEST(H2UpstreamWebSocket, AResetInsteadOfAnAnswerGoesElsewhereAsAGetDoes) {
  TunnelToHttp2 stage;
  stage.ask();
  ASSERT_TRUE(stage.talk.asked(1));
  stage.end().send(h2::reset(1, 7));  // REFUSED_STREAM
  ASSERT_TRUE(stage.talk.asked(2));
  EXPECT_EQ(stage.talk.end(1).asked(1)[":protocol"], "websocket");
}

TEST(H2UpstreamWebSocket, AClientsResetIsACancelAndNoNeighbourNotices) {
  TunnelToHttp2 stage;
  ASSERT_TRUE(stage.open());
  Peer& neighbour = stage.talk.ask(kGet);
  ASSERT_TRUE(stage.talk.asked(2));
  stage.client->reset();
  ASSERT_TRUE(stage.until([&] { return stage.asked().was_reset; }));
  EXPECT_EQ(stage.asked().code, 8u);
  EXPECT_TRUE(stage.logged("client_closed"));
  stage.end().answer(3);
  ASSERT_TRUE(stage.talk.answered(neighbour));
  EXPECT_THAT(neighbour.received(), HasSubstr("HTTP/1.1 200 "));
}

TEST(H2UpstreamWebSocket, WhatTheUpstreamBreaksOffIsCutForTheClient) {
  for (const bool whole_connection : {false, true}) {
    TunnelToHttp2 stage;
    ASSERT_TRUE(stage.open());
    if (whole_connection) stage.end().peer().reset();
    else stage.end().send(h2::reset(1, 2));
    ASSERT_TRUE(stage.until([&] { return stage.client->ended(); }));
    EXPECT_TRUE(stage.logged("response_truncated"));
    EXPECT_EQ(stage.talk.proxy->upstream(0).in_flight(), 0u);
  }
}

// RFC 9113 §8.5: DATA is all that a tunnel carries.
TEST(H2UpstreamWebSocket, TrailersOnATunnelBreakTheRules) {
  TunnelToHttp2 stage;
  ASSERT_TRUE(stage.open());
  stage.end().send(h2::headers(1, {{"x-end", "1"}}));
  ASSERT_TRUE(stage.until([&] { return stage.client->ended(); }));
  ASSERT_TRUE(stage.until([&] { return stage.asked().was_reset; }));
  EXPECT_EQ(stage.asked().code, 1u);
  EXPECT_TRUE(stage.logged("response_truncated"));
}

TEST(H2UpstreamWebSocket, ATunnelThatIsGoingAwayRunsOnAndNewOnesGoElsewhere) {
  TunnelToHttp2 stage;
  ASSERT_TRUE(stage.open());
  stage.end().send(h2::goaway(1));
  stage.settle();
  stage.client->send(client_frame("still here"));
  ASSERT_TRUE(stage.until([&] { return stage.asked().body == client_frame("still here"); }));
  Peer& first = *stage.client;
  stage.ask();
  ASSERT_TRUE(stage.talk.asked(2));
  EXPECT_EQ(stage.talk.up().connections(), 2u);
  stage.end().send(h2::data(1, server_frame("both")) + h2::end_of(1, server_close(1001)));
  ASSERT_TRUE(stage.until([&] { return first.ended(); }));
  first.send(client_close(1001));
  first.finish();
  ASSERT_TRUE(stage.until([&] { return stage.end().peer().ended(); })) << "the last of its streams has ended";
}

TEST(H2UpstreamWebSocket, SilenceIsNoIdlenessOfItsConnection) {
  TunnelToHttp2 stage("timeouts.upstream_idle = \"2s\"\ntimeouts.stream_idle = \"60m\"");
  ASSERT_TRUE(stage.open());
  for (int minutes = 0; minutes < 20; ++minutes) {
    stage.talk.proxy->time().advance(Millis{60'000});
    stage.settle();  // answers pings, too
  }
  EXPECT_LE(stage.end().reader().of(h2::kPing).size(), 5u);
  stage.client->send(client_frame("again"));
  ASSERT_TRUE(stage.until([&] { return stage.asked().body == client_frame("again"); }));
}

TEST(H2UpstreamWebSocket, AnUpstreamThatDiesSilentlyIsNoticed) {
  TunnelToHttp2 stage("timeouts.stream_idle = \"60m\"");
  ASSERT_TRUE(stage.open());
  stage.end().answer_pings(false);
  for (int seconds = 0; seconds < 60; seconds += 5) {
    stage.talk.proxy->time().advance(Millis{5'000});
    stage.settle();
  }
  EXPECT_TRUE(stage.client->ended());
  EXPECT_TRUE(stage.logged("response_truncated"));
}

TEST(H2UpstreamWebSocket, StreamIdleEndsIt) {
  TunnelToHttp2 stage("timeouts.stream_idle = \"5s\"");
  ASSERT_TRUE(stage.open());
  stage.settle();
  stage.talk.proxy->time().advance(Millis{5'100});
  ASSERT_TRUE(stage.until([&] { return stage.client->ended() && stage.asked().was_reset; }));
  EXPECT_EQ(stage.asked().code, 8u);
  EXPECT_TRUE(stage.logged("stream_idle"));
}

TEST(H2UpstreamWebSocket, AReaderThatIsSlowHoldsNobodyUp) {
  TunnelToHttp2 stage;
  ASSERT_TRUE(stage.open());
  stage.client->pause_reading(true);
  const std::string block(16 * 1024, 'x');
  std::uint64_t sent = 0;
  const auto may_send = [&] {
    std::uint64_t window = 256 * 1024;
    for (const auto& frame : stage.end().reader().of(h2::kWindowUpdate))
      if (frame.stream == 1) window += frame.code();
    return sent + block.size() <= window;
  };
  for (int round = 0; round < 400 && may_send(); ++round) {
    for (; may_send(); sent += block.size()) stage.end().send(h2::data(1, block));
    stage.settle();
  }
  EXPECT_FALSE(may_send()) << "its client does not read, so it has to wait";
  Peer& other = stage.talk.ask(kGet);
  ASSERT_TRUE(stage.talk.asked(2));
  stage.end().answer(3);
  ASSERT_TRUE(stage.talk.answered(other));
  EXPECT_EQ(body_of(other.received()), "hello");
  EXPECT_FALSE(stage.client->ended());
}

TEST(H2UpstreamWebSocket, AnUpstreamThatDoesNotReadHoldsItsClientBackAndNoOther) {
  TunnelToHttp2 stage("", h2::settings({{8, 1}, {4, 100}}));
  ASSERT_TRUE(stage.open());
  stage.client->send(std::string(8 << 20, 'x'));
  for (int i = 0; i < 10; ++i) stage.settle();
  EXPECT_EQ(stage.asked().body.size(), 100u);
  EXPECT_FALSE(stage.client->all_sent());
  EXPECT_LE(stage.talk.proxy->worker().buffers_in_use(), 4u);
  Peer& other = stage.talk.ask(kGet);
  ASSERT_TRUE(stage.talk.asked(2));
  stage.end().answer(3);
  ASSERT_TRUE(stage.talk.answered(other));
  stage.end().send(h2::window(1, 50));
  ASSERT_TRUE(stage.until([&] { return stage.asked().body.size() == 150; }));
}

TEST(H2UpstreamWebSocket, ADrainSaysGoodbyeToBothSides) {
  TunnelToHttp2 stage;
  ASSERT_TRUE(stage.open());
  const TimePoint now = stage.talk.proxy->time().now();
  stage.talk.proxy->worker().drain({now, now + std::chrono::seconds{25}});
  for (int i = 0; i < 60 && stage.client->received().empty(); ++i) {
    stage.talk.proxy->time().advance(Millis{500});
    stage.settle();
  }
  EXPECT_EQ(stage.client->received(), server_close(1012));
  stage.client->send(client_close(1012));
  ASSERT_TRUE(stage.until([&] { return stage.asked().ended; }));
  EXPECT_EQ(code_in_masked_close(stage.asked().body), 1001);
  stage.end().send(h2::end_of(1, server_close(1001)));
  ASSERT_TRUE(stage.until([&] { return stage.client->ended(); }));
  EXPECT_TRUE(stage.logged("drained"));
  EXPECT_FALSE(stage.asked().was_reset);
}

TEST(H2UpstreamWebSocket, NothingIsLeftBehind) {
  TunnelToHttp2 stage;
  ASSERT_TRUE(stage.open());
  stage.client->reset();
  stage.settle();
  stage.talk.proxy->time().advance(std::chrono::minutes{5});
  stage.settle();
  EXPECT_EQ(stage.talk.proxy->worker().open_connections(), 0u);
  EXPECT_EQ(stage.talk.proxy->worker().buffers_in_use(), 0u);
  EXPECT_EQ(stage.talk.proxy->upstream(0).in_flight(), 0u);
}

// What opens no WebSocket (RFC 6455 §4.1) goes as the request that it is: nobody has to take an offer (RFC 9110 §7.8).
TEST(H2UpstreamWebSocket, AnOfferThatOpensNoneIsOnlyARequest) {
  const std::string with_key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  const std::string offer = " / HTTP/1.1\r\nHost: e\r\nConnection: Upgrade\r\nUpgrade: ";
  const std::string rows[] = {
      "GET" + offer + "websocket\r\nSec-WebSocket-Version: 13\r\n\r\n",
      "GET" + offer + "websocket\r\nSec-WebSocket-Key: short\r\n\r\n",
      "GET" + offer + "websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + with_key,
      "GET" + offer + "websocket, chat/2\r\n" + with_key,
      "GET" + offer + "websocket\r\nUpgrade: chat/2\r\n" + with_key,
      "GET" + offer + "chat/2\r\n" + with_key,
      "HEAD" + offer + "websocket\r\n" + with_key,
      "POST" + offer + "websocket\r\nContent-Length: 0\r\n" + with_key,
  };
  for (const auto& row : rows) {
    TunnelToHttp2 stage;
    stage.ask(row);
    ASSERT_TRUE(stage.talk.asked(1)) << row;
    EXPECT_EQ(stage.asked()[":method"], row.substr(0, row.find(' '))) << row;
    EXPECT_FALSE(stage.asked().has(":protocol")) << row;
    EXPECT_TRUE(stage.asked().ended) << row;
  }
}

}  // namespace
}  // namespace frontdoor::testing
