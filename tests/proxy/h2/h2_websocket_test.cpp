// WebSockets of clients that speak HTTP/2 (RFC 8441), to upstreams of HTTP/1.

#include <gtest/gtest.h>

#include <algorithm>

#include "http/websocket_key.h"
#include "support/h2_client.h"
#include "support/tunnel_talk.h"

namespace frontdoor::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

h2::Pairs opening(h2::Pairs more = {}) {
  h2::Pairs fields{{":method", "CONNECT"}, {":protocol", "websocket"}, {":scheme", "http"},
                   {":path", "/chat"},     {":authority", "app.example"}, {"sec-websocket-version", "13"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

struct WebSocketStage {
  ScriptedUpstream upstream;
  TestProxy proxy;
  H2Client client;

  explicit WebSocketStage(std::string_view extra = "") : proxy({&upstream}, extra), client(proxy) {}

  void ask(h2::Pairs more = {}) { client.send(h2::headers(1, opening(std::move(more)), h2::kEndHeaders)); }
  bool asked() {
    return client.until([&] { return upstream.connections() != 0 && upstream.last().saw("\r\n\r\n"); });
  }
  std::string accept() {
    const std::string& head = upstream.last().received();
    constexpr std::string_view name = "Sec-WebSocket-Key: ";
    http::WebSocketKey key{};
    const auto at = head.find(name);
    if (at != std::string::npos) std::copy_n(head.begin() + static_cast<std::ptrdiff_t>(at + name.size()), key.size(), key.begin());
    const auto answer = http::websocket_accept(key);
    return {answer.data(), answer.size()};
  }
  void take(std::string_view rest = "") {
    upstream.last().send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                         "Sec-WebSocket-Accept: " + accept() + "\r\nSec-WebSocket-Protocol: chat\r\n\r\n" + std::string(rest));
  }
  bool open() {
    ask();
    if (!asked()) return false;
    take();
    return client.until([&] { return client.answer(1).status == "200"; });
  }
  bool until(const std::function<bool()>& done) { return client.until(done); }
  std::string outcome() { return proxy.log(); }
};

TEST(H2WebSocket, IsOpenedAsHttp1OpensIt) {
  WebSocketStage stage;
  stage.ask({{"sec-websocket-protocol", "chat"}, {"sec-websocket-key", "of-the-client"}, {"origin", "http://app.example"}});
  ASSERT_TRUE(stage.asked());
  const std::string& head = stage.upstream.last().received();
  EXPECT_THAT(head, StartsWith("GET /chat HTTP/1.1\r\nHost: app.example\r\n"));
  EXPECT_THAT(head, HasSubstr("Connection: Upgrade\r\n"));
  EXPECT_THAT(head, HasSubstr("Upgrade: websocket\r\n"));
  EXPECT_THAT(head, HasSubstr("sec-websocket-version: 13\r\n"));
  EXPECT_THAT(head, HasSubstr("origin: http://app.example\r\n"));
  EXPECT_THAT(head, HasSubstr("Sec-WebSocket-Key: "));
  EXPECT_THAT(head, Not(HasSubstr("of-the-client")));
  EXPECT_THAT(head, Not(HasSubstr("Transfer-Encoding")));
  stage.take();
  ASSERT_TRUE(stage.until([&] { return stage.client.answer(1).status == "200"; }));
  const auto answer = stage.client.answer(1);
  EXPECT_EQ(answer["sec-websocket-protocol"], "chat");
  for (const char* gone : {"sec-websocket-accept", "upgrade", "connection", "content-length"}) EXPECT_EQ(answer[gone], "") << gone;
  EXPECT_FALSE(answer.ended);
}

TEST(H2WebSocket, FramesPassBothWaysBesideOtherStreams) {
  WebSocketStage stage;
  ASSERT_TRUE(stage.open());
  stage.client.send(h2::data(1, client_frame("hello")));
  ASSERT_TRUE(stage.until([&] { return stage.upstream.connection(0).saw(client_frame("hello")); }));
  stage.upstream.connection(0).send(server_frame("welcome"));
  ASSERT_TRUE(stage.until([&] { return stage.client.answer(1).body == server_frame("welcome"); }));

  stage.client.send(h2::headers(3, h2::get()));
  ASSERT_TRUE(stage.until([&] { return stage.upstream.connections() == 2 && stage.upstream.last().saw("\r\n\r\n"); }));
  stage.upstream.last().send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  ASSERT_TRUE(stage.client.ended(3));
  EXPECT_EQ(stage.client.answer(3).body, "ok");

  stage.proxy.time().advance(std::chrono::minutes{10});  // silence is no idleness of the connection
  stage.client.settle();
  stage.client.send(h2::data(1, client_frame("again")));
  ASSERT_TRUE(stage.until([&] { return stage.upstream.connection(0).saw(client_frame("again")); }));
}

TEST(H2WebSocket, WhatComesEarlyWaitsForTheSwitch) {
  WebSocketStage stage;
  stage.client.send(h2::headers(1, opening(), h2::kEndHeaders) + h2::data(1, client_frame("early")));
  ASSERT_TRUE(stage.asked());
  stage.client.settle();
  EXPECT_FALSE(stage.upstream.last().saw("early"));
  stage.take(server_frame("first"));
  ASSERT_TRUE(stage.until([&] { return stage.upstream.last().saw(client_frame("early")); }));
  ASSERT_TRUE(stage.until([&] { return stage.client.answer(1).body == server_frame("first"); }));
}

TEST(H2WebSocket, EndsInOrder) {
  WebSocketStage stage;
  ASSERT_TRUE(stage.open());
  stage.client.send(h2::end_of(1, client_close(1000)));
  ASSERT_TRUE(stage.until([&] { return stage.upstream.last().ended(); }));
  stage.upstream.last().send(server_close(1000));
  stage.upstream.last().finish();
  ASSERT_TRUE(stage.client.ended(1));
  const auto answer = stage.client.answer(1);
  EXPECT_EQ(answer.body, server_close(1000));
  EXPECT_TRUE(answer.ended);
  EXPECT_FALSE(answer.was_reset);
  EXPECT_THAT(stage.outcome(), HasSubstr("\"outcome\":\"served\""));
  EXPECT_THAT(stage.outcome(), HasSubstr("\"status\":101"));
}

// Over HTTP/1 they are passed on as well.
TEST(H2WebSocket, WhatIsOnItsWayArrivesThoughTheUpstreamHasEndedFirst) {
  WebSocketStage stage;
  stage.client.send(h2::settings_ack());  // our window is the client's from its acknowledgement on
  ASSERT_TRUE(stage.open());
  const std::size_t head = stage.upstream.last().received().size();
  stage.upstream.last().pause_reading(true);
  std::size_t sent = 0;
  for (std::size_t window = 256 * 1024; sent < std::size_t{64} << 20;) {
    std::size_t allowed = window;
    for (const auto& frame : stage.client.reader().of(h2::kWindowUpdate))
      if (frame.stream == 1) allowed += frame.code();
    if (sent + 16'384 > allowed) break;
    stage.client.send(h2::data(1, std::string(16'384, 'u')));
    sent += 16'384;
    stage.client.settle();
  }
  stage.client.send(h2::end_of(1));
  stage.upstream.last().finish();
  ASSERT_TRUE(stage.client.ended(1));
  EXPECT_FALSE(stage.client.answer(1).was_reset);
  stage.upstream.last().pause_reading(false);
  ASSERT_TRUE(stage.until([&] { return stage.upstream.last().ended(); }));
  EXPECT_EQ(stage.upstream.last().received().size(), head + sent);
}

TEST(H2WebSocket, ACancelReachesTheUpstream) {
  WebSocketStage stage;
  ASSERT_TRUE(stage.open());
  stage.client.send(h2::reset(1, 8));
  ASSERT_TRUE(stage.until([&] { return stage.upstream.last().ended(); }));
  EXPECT_THAT(stage.outcome(), HasSubstr("\"outcome\":\"client_closed\""));
  EXPECT_FALSE(stage.client.peer().ended());
}

TEST(H2WebSocket, AnUpstreamThatBreaksOffIsACancel) {
  WebSocketStage stage;
  ASSERT_TRUE(stage.open());
  stage.upstream.last().reset();
  ASSERT_TRUE(stage.client.ended(1));
  EXPECT_TRUE(stage.client.answer(1).was_reset);
  EXPECT_EQ(stage.client.answer(1).code, 8u);  // RFC 8441 §5
  EXPECT_FALSE(stage.client.peer().ended());
}

TEST(H2WebSocket, AnAnswerToAnotherKeyIsNone) {
  WebSocketStage stage;
  stage.ask();
  ASSERT_TRUE(stage.asked());
  stage.upstream.last().send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
  ASSERT_TRUE(stage.client.ended(1));
  EXPECT_EQ(stage.client.answer(1).status, "502");
  EXPECT_TRUE(stage.until([&] { return stage.upstream.last().ended(); }));
}

TEST(H2WebSocket, AnAnswerThatIsNoSwitchOpensNone) {
  for (const char* status : {"200 OK", "204 No Content", "206 Partial Content"}) {
    WebSocketStage stage;
    stage.ask();
    ASSERT_TRUE(stage.asked());
    stage.upstream.last().send(std::string("HTTP/1.1 ") + status + "\r\nContent-Length: 0\r\n\r\n");
    ASSERT_TRUE(stage.client.ended(1)) << status;
    EXPECT_EQ(stage.client.answer(1).status, "502") << status;
  }
}

TEST(H2WebSocket, ARefusalIsPassedOn) {
  WebSocketStage stage;
  stage.ask();
  ASSERT_TRUE(stage.asked());
  stage.upstream.last().send("HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nnope");
  ASSERT_TRUE(stage.client.ended(1));
  EXPECT_EQ(stage.client.answer(1).status, "403");
  EXPECT_EQ(stage.client.answer(1).body, "nope");
}

TEST(H2WebSocket, ADrainSaysGoodbye) {
  WebSocketStage stage;
  ASSERT_TRUE(stage.open());
  const TimePoint now = stage.proxy.time().now();
  stage.proxy.worker().drain({now, now + std::chrono::seconds{25}});
  bool told = false;
  for (int i = 0; i < 30 && !told; ++i) {
    stage.proxy.time().advance(Millis{500});
    stage.client.settle();
    told = stage.client.answer(1).body == server_close(1012);
  }
  EXPECT_TRUE(told);
  stage.client.send(h2::end_of(1, client_close(1012)));
  ASSERT_TRUE(stage.until([&] { return code_in_masked_close(stage.upstream.last().received().substr(
                                           stage.upstream.last().received().size() - 8)) == 1001; }));
  stage.upstream.last().send(server_close(1001));
  stage.upstream.last().finish();
  ASSERT_TRUE(stage.client.ended(1));
  EXPECT_THAT(stage.outcome(), HasSubstr("\"outcome\":\"drained\""));
}

TEST(H2WebSocket, ASlowReaderHoldsTheUpstreamBack) {
  WebSocketStage stage;
  stage.client.send(h2::settings({{4, 100}}));
  ASSERT_TRUE(stage.open());
  const std::string flood(32 << 20, 'x');
  stage.upstream.last().send(flood);
  for (int i = 0; i < 20; ++i) stage.client.settle();
  EXPECT_EQ(stage.client.answer(1).body.size(), 100u);
  EXPECT_FALSE(stage.upstream.last().all_sent());
  EXPECT_LE(stage.proxy.worker().buffers_in_use(), 3u);
}

TEST(H2WebSocket, WhoKnowsNoHttp2IsNotSaidToBeOne) {
  // HTTP/1.1 on the same listener: the key is the client's, and so is the proof.
  TunnelTalk talk;
  talk.client->send(kHandshake);
  ASSERT_TRUE(talk.until([&] { return talk.upstream.connections() != 0 && talk.upstream.last().saw("\r\n\r\n"); }));
  talk.upstream.last().send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            "Sec-WebSocket-Accept: anything\r\n\r\n");
  ASSERT_TRUE(talk.until([&] { return talk.client->saw("101 Switching"); }));
}

// Whatever it says of itself, it is no gRPC call, whose refusals have status 200: that would open a WebSocket.
TEST(H2WebSocket, OneThatSaysToBeOfGrpcIsRefusedAsAnyOther) {
  const h2::Pairs grpc{{"content-type", "application/grpc"}};
  WebSocketStage stage("[[route]]\npath = \"/only\"\npool = \"app\"\n[limits]\nheader_count = 10\n");
  stage.ask(grpc);
  ASSERT_TRUE(stage.client.ended(1));
  EXPECT_EQ(stage.client.answer(1).status, "404");
  EXPECT_FALSE(stage.client.answer(1).was_reset && stage.client.answer(1).code != 0);
  // Nor with its head.
  h2::Pairs many = opening(grpc);
  for (int i = 0; i < 12; ++i) many.push_back({"x-" + std::to_string(i), "1"});
  stage.client.send(h2::headers(3, many, h2::kEndHeaders));
  ASSERT_TRUE(stage.client.ended(3));
  EXPECT_EQ(stage.client.answer(3).status, "431");
  h2::Pairs with_length = opening(grpc);
  with_length.push_back({"content-length", "5"});
  stage.client.send(h2::headers(5, with_length, h2::kEndHeaders));
  ASSERT_TRUE(stage.client.ended(5));
  EXPECT_EQ(stage.client.answer(5).status, "400");
}

}  // namespace
}  // namespace frontdoor::testing
