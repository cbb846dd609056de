// What an HTTP/2 client is refused: what HTTP/1 refuses too, what is malformed, floods, the wrong protocol.

#include "h2_stage.h"

namespace frontdoor::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(H2Conversation, WhatHttp1RefusesIsAnsweredAlike) {
  const std::vector<std::pair<h2::Pairs, std::string>> rows{
      {h2::get("/..%2f/x"), "400"},
      {h2::get("/" + std::string(9000, 'a')), "414"},
      {h2::get("/", {{"x-a", std::string(40'000, 'v')}}), "431"},
      {h2::get("/", {{"host", "other.example"}}), "400"},
      {h2::get("/", {{"content_length", "5"}}), "400"},
      {{{":method", "CONNECT"}, {":authority", "a:443"}}, "501"},
  };
  for (const auto& [fields, status] : rows) {
    H2Stage stage;
    const std::string block = h2::block(fields);
    std::string frames;
    if (block.size() <= 16'000) frames = h2::headers(1, fields);
    else
      for (std::size_t at = 0; at < block.size(); at += 16'000)
        frames += h2::frame(at == 0 ? h2::kHeaders : h2::kContinuation,
                            static_cast<std::uint8_t>((at == 0 ? h2::kEndStream : 0) | (at + 16'000 >= block.size() ? h2::kEndHeaders : 0)), 1,
                            block.substr(at, 16'000));
    stage.client.send(frames);
    ASSERT_TRUE(stage.client.ended(1)) << status;
    EXPECT_EQ(stage.client.answer(1).status, status);
    EXPECT_FALSE(stage.client.answer(1).was_reset);
    EXPECT_THAT(stage.client.answer(1).body, HasSubstr(status));
    EXPECT_EQ(stage.upstream.connections(), 0u) << status;
    const std::string log = stage.proxy.log();
    EXPECT_THAT(log, HasSubstr("\"status\":" + status));
    EXPECT_THAT(log, HasSubstr("\"method\":\"" + fields[0].second + "\"")) << "a head that was read is told as far as it was";
    EXPECT_THAT(log, HasSubstr(fields[0].second == "CONNECT" ? "\"host\":\"a:443\"" : "\"host\":\"app.example\""));
    if (fields[0].second == "GET") {
      EXPECT_THAT(log, HasSubstr("\"target\":\"" + fields[3].second.substr(0, 100)));
    }
    EXPECT_THAT(log, HasSubstr("\"protocol\":\"HTTP/2.0\""));
  }
}

TEST(H2Conversation, MalformedRequestsAreResetAndLogged) {
  for (const auto& fields : {h2::get("/m", {{"transfer-encoding", "chunked"}}), h2::get("/m", {{"x-a", "b\r\nc: d"}}),
                             h2::get("/m", {{"connection", "x-forwarded-for"}}), h2::get("/m", {{"X-A", "b"}})}) {
    H2Stage stage;
    stage.client.send(h2::headers(1, fields));
    ASSERT_TRUE(stage.client.ended(1));
    EXPECT_EQ(stage.client.answer(1).code, 1u);  // PROTOCOL_ERROR
    EXPECT_EQ(stage.client.answer(1).status, "");
    EXPECT_EQ(stage.upstream.connections(), 0u);
    const std::string log = stage.proxy.log();
    for (const char* told : {"\"outcome\":\"bad_request\"", "\"method\":\"GET\"", "\"host\":\"app.example\"", "\"target\":\"/m\"", "\"detail\":\""})
      EXPECT_THAT(log, HasSubstr(told));
    EXPECT_EQ(stage.proxy.malformed().take().size(), 1u);
  }
}

TEST(H2Conversation, ABodyThatIsNotAsLongAsItSaysNeverLooksComplete) {
  H2Stage stage;
  stage.client.send(h2::headers(1, h2::post("/", {{"content-length", "10"}}), h2::kEndHeaders) + h2::data(1, "abc"));
  ASSERT_TRUE(stage.client.until([&] { return stage.upstream.connections() == 1 && stage.upstream.last().saw("abc"); }));
  stage.client.send(h2::end_of(1, ""));
  ASSERT_TRUE(stage.client.ended(1));
  EXPECT_EQ(stage.client.answer(1).code, 1u);
  ASSERT_TRUE(stage.client.until([&] { return stage.upstream.last().ended(); }));
  EXPECT_THAT(stage.proxy.log(), HasSubstr("\"outcome\":\"bad_body\""));
}

TEST(H2Conversation, AFloodEndsItsConnectionAndNoOther) {
  ScriptedUpstream upstream;
  TestProxy proxy({&upstream});
  H2Client enemy(proxy);
  H2Client honest(proxy);
  honest.send(h2::headers(1, h2::get()));
  ASSERT_TRUE(honest.until([&] { return upstream.connections() == 1; }));
  std::string flood;
  for (int i = 0; i < 1000; ++i) flood += h2::ping();
  enemy.send(flood);
  ASSERT_TRUE(enemy.until([&] { return enemy.reader().goes_away(); }));
  EXPECT_EQ(enemy.reader().goaway_code(), 11u);
  enemy.peer().finish();
  ASSERT_TRUE(enemy.until([&] { return enemy.peer().ended(); }));
  upstream.last().send(kUpstreamHello);
  ASSERT_TRUE(honest.ended(1));
  EXPECT_EQ(honest.answer(1).body, "hello");
  const auto told = proxy.malformed().take();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].outcome, "http2_error");
  EXPECT_EQ(told[0].detail, "PING flood");
}

TEST(H2Conversation, RapidResetNeverReachesAnUpstream) {
  H2Stage stage;
  std::string flood;
  for (std::uint32_t id = 1; id < 801; id += 2) flood += h2::headers(id, h2::get()) + h2::reset(id);
  stage.client.send(flood);
  stage.client.settle();
  EXPECT_LE(stage.upstream.connections(), 4u);  // where a read fell between the two
  EXPECT_FALSE(stage.client.reader().goes_away());
}

TEST(H2Conversation, AListenerMaySpeakOneOfThemOnly) {
  ScriptedUpstream upstream;
  upstream.always_reply(kUpstreamHello);
  {
    TestProxy proxy({&upstream}, "[[listener]]\naddress = \"127.0.0.1:0\"\nprotocols = [\"http/1.1\"]\n");
    auto peer = proxy.client();
    peer->send(h2::hello());
    ASSERT_TRUE(proxy.until({peer.get()}, [&] { return peer->ended(); }));
    EXPECT_THAT(peer->received(), StartsWith("HTTP/1.1 505 "));
  }
  {
    TestProxy proxy({&upstream}, "[[listener]]\naddress = \"127.0.0.1:0\"\nprotocols = [\"h2\"]\n");
    auto peer = proxy.client();
    peer->send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(proxy.until({peer.get()}, [&] { return peer->saw("only.\n"); }));
    EXPECT_THAT(peer->received(), StartsWith("HTTP/1.1 505 "));
    EXPECT_EQ(body_of(peer->received()), "This address speaks HTTP/2 only.\n");
    H2Client client(proxy);
    client.send(h2::headers(1, h2::get()));
    ASSERT_TRUE(client.ended(1));
    EXPECT_EQ(client.answer(1).body, "hello");
  }
}

// The preface is for the beginning of a connection.
TEST(H2Conversation, NobodySwitchesInTheMiddle) {
  ScriptedUpstream upstream;
  upstream.always_reply(kUpstreamHello);
  TestProxy proxy({&upstream});
  auto peer = proxy.client();
  peer->send("GET / HTTP/1.1\r\nHost: a\r\n\r\n" + h2::hello());
  ASSERT_TRUE(proxy.until({peer.get()}, [&] { return peer->ended() || peer->saw(" 505 "); }));
  EXPECT_TRUE(peer->saw(" 505 "));
}

TEST(H2Conversation, EachRequestMayComeFromAnotherClient) {
  ScriptedUpstream upstream;
  upstream.always_reply(kUpstreamHello);
  TestProxy proxy({&upstream}, "[[listener]]\naddress = \"127.0.0.1:0\"\ntrusted_proxies = [\"127.0.0.1\"]\n");
  H2Client client(proxy);
  client.send(h2::headers(1, h2::get("/1", {{"x-forwarded-for", "192.0.2.1"}})));
  ASSERT_TRUE(client.ended(1));
  client.send(h2::headers(3, h2::get("/3", {{"x-forwarded-for", "192.0.2.3"}})));
  ASSERT_TRUE(client.ended(3));
  const std::string log = proxy.log();
  EXPECT_THAT(log, HasSubstr("\"client\":\"192.0.2.1\""));
  EXPECT_THAT(log, HasSubstr("\"client\":\"192.0.2.3\""));
}

}  // namespace
}  // namespace frontdoor::testing
