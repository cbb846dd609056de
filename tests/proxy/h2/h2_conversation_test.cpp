// Clients that speak HTTP/2, through one worker to upstreams of HTTP/1: frame by frame at one end, bytes at the other.

#include "h2_stage.h"

namespace frontdoor::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(H2Conversation, ARequestIsForwardedAsHttp1) {
  H2Stage stage;
  stage.client.send(h2::headers(1, h2::get("/a?b=c", {{"accept", "*/*"}, {"cookie", "a=1"}, {"te", "trailers"}, {"cookie", "b=2"},
                                                      {"x-forwarded-for", "192.0.2.9"}, {"cookie", "c=3"}})));
  ASSERT_TRUE(stage.upstream_has(1));
  const std::string& request = stage.upstream.last().received();
  EXPECT_THAT(request, StartsWith("GET /a?b=c HTTP/1.1\r\nHost: app.example\r\n"));
  EXPECT_THAT(request, HasSubstr("accept: */*\r\n"));
  EXPECT_THAT(request, HasSubstr("cookie: a=1; b=2; c=3\r\n"));  // one field, in order
  EXPECT_THAT(request, HasSubstr("X-Forwarded-For: 127.0.0.1\r\n"));
  EXPECT_THAT(request, HasSubstr("X-Forwarded-Host: app.example\r\n"));
  EXPECT_THAT(request, HasSubstr("Via: 2 frontdoor\r\n"));
  EXPECT_THAT(request, Not(HasSubstr("te: ")));
  EXPECT_THAT(request, Not(HasSubstr("Transfer-Encoding")));
  stage.upstream.last().send(kUpstreamHello);
  ASSERT_TRUE(stage.client.ended(1));
  const auto answer = stage.client.answer(1);
  EXPECT_EQ(answer.status, "200");
  EXPECT_EQ(answer["x-up"], "Yes");
  EXPECT_EQ(answer["content-length"], "5");
  EXPECT_NE(answer["date"], "");
  EXPECT_EQ(answer.body, "hello");
  EXPECT_FALSE(answer.was_reset);
  const std::string log = stage.proxy.log();
  EXPECT_THAT(log, HasSubstr("\"outcome\":\"served\""));
  EXPECT_THAT(log, HasSubstr("\"protocol\":\"HTTP/2.0\""));
}

TEST(H2Conversation, ThePrefaceMayComeByteByByte) {
  ScriptedUpstream upstream;
  upstream.always_reply(kUpstreamHello);
  TestProxy proxy({&upstream});
  H2Client client(proxy, "");
  for (const char c : h2::hello() + h2::headers(1, h2::get())) {
    client.send({&c, 1});
    client.settle();
  }
  ASSERT_TRUE(client.ended(1));
  EXPECT_EQ(client.answer(1).body, "hello");
}

TEST(H2Conversation, ManyStreamsShareAConnection) {
  H2Stage stage;
  for (std::uint32_t id = 1; id < 41; id += 2) stage.client.send(h2::headers(id, h2::get("/" + std::to_string(id))));
  ASSERT_TRUE(stage.upstream_has(20));
  for (std::size_t i = 20; i-- > 0;) {  // the last first
    Peer& peer = stage.upstream.connection(i);
    const std::string path = peer.received().substr(4, peer.received().find(' ', 4) - 4);
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(path.size()) + "\r\n\r\n" + path);
  }
  for (std::uint32_t id = 1; id < 41; id += 2) {
    ASSERT_TRUE(stage.client.ended(id));
    EXPECT_EQ(stage.client.answer(id).body, "/" + std::to_string(id));
  }
  EXPECT_TRUE(stage.client.until([&] { return times_in(stage.proxy.log(), "\"outcome\":\"served\"") == 20; }));
}

TEST(H2Conversation, OneRequestAfterTheOtherReusesTheUpstreamsConnection) {
  H2Stage stage;
  stage.upstream.always_reply(kUpstreamHello);
  for (std::uint32_t id = 1; id < 21; id += 2) {
    stage.client.send(h2::headers(id, h2::get()));
    ASSERT_TRUE(stage.client.ended(id));
    stage.proxy.time().advance(Millis{500});  // it is parked in between
    stage.client.settle();
  }
  EXPECT_EQ(stage.upstream.connections(), 1u);
  EXPECT_EQ(stage.proxy.worker().buffers_in_use(), 0u);  // between requests it owns none
}

TEST(H2Conversation, BodiesGoUpAndDown) {
  H2Stage stage;
  stage.client.send(h2::headers(1, h2::post("/up", {{"content-length", "6"}}), h2::kEndHeaders) + h2::data(1, "abc"));
  ASSERT_TRUE(stage.client.until([&] { return stage.upstream.connections() == 1 && stage.upstream.last().saw("\r\n\r\nabc"); }));
  EXPECT_THAT(stage.upstream.last().received(), HasSubstr("Content-Length: 6\r\n"));
  stage.client.send(h2::end_of(1, "def"));
  ASSERT_TRUE(stage.client.until([&] { return stage.upstream.last().saw("abcdef"); }));
  stage.upstream.last().send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nxyz\r\n");
  ASSERT_TRUE(stage.client.until([&] { return stage.client.answer(1).body == "xyz"; }));
  EXPECT_EQ(stage.client.answer(1)["transfer-encoding"], "");
  EXPECT_FALSE(stage.client.answer(1).ended);
  stage.upstream.last().send("0\r\nDigest: x\r\n\r\n");
  ASSERT_TRUE(stage.client.ended(1));
  ASSERT_EQ(stage.client.answer(1).trailers.size(), 1u);
  EXPECT_EQ(stage.client.answer(1).trailers[0].first, "digest");
}

TEST(H2Conversation, ABodyWithoutALengthIsChunkedForTheUpstream) {
  H2Stage stage;
  stage.client.send(h2::headers(1, h2::post(), h2::kEndHeaders) + h2::data(1, "abc") + h2::headers(1, {{"digest", "x"}}));
  ASSERT_TRUE(stage.client.until([&] { return stage.upstream.connections() == 1 && stage.upstream.last().saw("0\r\n"); }));
  EXPECT_THAT(stage.upstream.last().received(), HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_THAT(stage.upstream.last().received(), HasSubstr("digest: x\r\n\r\n"));
}

TEST(H2Conversation, AHeadRequestHasItsLengthAndNoBody) {
  H2Stage stage;
  auto head = h2::get();
  head[0].second = "HEAD";
  stage.client.send(h2::headers(1, head));
  ASSERT_TRUE(stage.upstream_has(1));
  stage.upstream.last().send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  ASSERT_TRUE(stage.client.ended(1));
  EXPECT_EQ(stage.client.answer(1)["content-length"], "5");
  EXPECT_FALSE(stage.client.reader().saw(h2::kData));
}

TEST(H2Conversation, InformationalAnswersArePassedOn) {
  H2Stage stage;
  stage.client.send(h2::headers(1, h2::post("/", {{"expect", "100-continue"}, {"content-length", "3"}}), h2::kEndHeaders));
  ASSERT_TRUE(stage.upstream_has(1));
  EXPECT_THAT(stage.upstream.last().received(), HasSubstr("Expect: 100-continue\r\n"));
  stage.upstream.last().send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
  ASSERT_TRUE(stage.client.until([&] { return stage.client.answer(1).informational.size() == 2; }));
  stage.client.send(h2::end_of(1, "abc"));
  ASSERT_TRUE(stage.client.until([&] { return stage.upstream.last().saw("abc"); }));
  stage.upstream.last().send(kUpstreamHello);
  ASSERT_TRUE(stage.client.ended(1));
  EXPECT_EQ(stage.client.answer(1).status, "200");
}

}  // namespace
}  // namespace frontdoor::testing
