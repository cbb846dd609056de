// Clients that speak HTTP/2, through one worker to upstreams of HTTP/1: frame by frame at one end, bytes at the other.

#include <gtest/gtest.h>

#include <algorithm>

#include "support/h2_client.h"

namespace frontdoor::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Up: Yes\r\n\r\nhello";

std::size_t times_in(const std::string& text, std::string_view what) {
  std::size_t found = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
  return found;
}

struct Stage {
  ScriptedUpstream upstream;
  TestProxy proxy;
  H2Client client;

  explicit Stage(std::string_view extra = "", std::string_view pool = "", std::string_view hello = h2::hello())
      : proxy({&upstream}, extra, pool), client(proxy, hello) {}
  bool upstream_has(std::size_t connections) {
    return client.until([&] { return upstream.connections() >= connections && upstream.connection(connections - 1).saw("\r\n\r\n"); });
  }
};

TEST(H2Conversation, ARequestIsForwardedAsHttp1) {
  Stage stage;
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
  stage.upstream.last().send(kHello);
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
  upstream.always_reply(kHello);
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
  Stage stage;
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
  Stage stage;
  stage.upstream.always_reply(kHello);
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
  Stage stage;
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
  Stage stage;
  stage.client.send(h2::headers(1, h2::post(), h2::kEndHeaders) + h2::data(1, "abc") + h2::headers(1, {{"digest", "x"}}));
  ASSERT_TRUE(stage.client.until([&] { return stage.upstream.connections() == 1 && stage.upstream.last().saw("0\r\n"); }));
  EXPECT_THAT(stage.upstream.last().received(), HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_THAT(stage.upstream.last().received(), HasSubstr("digest: x\r\n\r\n"));
}

TEST(H2Conversation, AHeadRequestHasItsLengthAndNoBody) {
  Stage stage;
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
  Stage stage;
  stage.client.send(h2::headers(1, h2::post("/", {{"expect", "100-continue"}, {"content-length", "3"}}), h2::kEndHeaders));
  ASSERT_TRUE(stage.upstream_has(1));
  EXPECT_THAT(stage.upstream.last().received(), HasSubstr("Expect: 100-continue\r\n"));
  stage.upstream.last().send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
  ASSERT_TRUE(stage.client.until([&] { return stage.client.answer(1).informational.size() == 2; }));
  stage.client.send(h2::end_of(1, "abc"));
  ASSERT_TRUE(stage.client.until([&] { return stage.upstream.last().saw("abc"); }));
  stage.upstream.last().send(kHello);
  ASSERT_TRUE(stage.client.ended(1));
  EXPECT_EQ(stage.client.answer(1).status, "200");
}

// ---- Back-pressure

TEST(H2Conversation, ASlowReaderMakesNobodyBuffer) {
  Stage stage("", "", h2::hello({{4, 1000}}));
  stage.client.send(h2::headers(1, h2::get()));
  ASSERT_TRUE(stage.upstream_has(1));
  const std::string body(8 << 20, 'b');
  stage.upstream.last().send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  ASSERT_TRUE(stage.client.until([&] { return stage.client.answer(1).body.size() == 1000; }));
  stage.client.settle();
  EXPECT_EQ(stage.client.answer(1).body.size(), 1000u);
  EXPECT_FALSE(stage.upstream.last().all_sent());  // it waits as well
  EXPECT_LE(stage.proxy.worker().buffers_in_use(), 2u);
  // A neighbour is not held up.
  stage.client.send(h2::headers(3, h2::get()));
  ASSERT_TRUE(stage.upstream_has(2));
  stage.upstream.last().send(kHello);
  ASSERT_TRUE(stage.client.ended(3));
  stage.client.send(h2::window(0, 16 << 20) + h2::window(1, 16 << 20));
  ASSERT_TRUE(stage.client.until([&] {
    const h2::Frame& last = stage.client.reader().frames.back();
    return last.stream == 1 && last.ends();
  }));
  EXPECT_TRUE(stage.client.answer(1).body == body);
}

TEST(H2Conversation, AClientThatTakesNothingIsGivenUp) {
  Stage stage("[timeouts]\nclient_write = \"5s\"\n", "", h2::hello({{4, 0}}));
  stage.client.send(h2::headers(1, h2::get()));
  ASSERT_TRUE(stage.upstream_has(1));
  stage.upstream.last().send(kHello);
  ASSERT_TRUE(stage.client.until([&] { return stage.client.answer(1).status == "200"; }));
  stage.proxy.time().advance(std::chrono::seconds{6});
  ASSERT_TRUE(stage.client.ended(1));
  EXPECT_TRUE(stage.client.answer(1).was_reset);
  EXPECT_EQ(stage.client.answer(1).code, 8u);  // CANCEL
  EXPECT_THAT(stage.proxy.log(), HasSubstr("\"outcome\":\"client_write_timeout\""));
}

TEST(H2Conversation, AnUploadThatNobodyTakesWaitsInItsWindow) {
  Stage stage("", "", h2::hello() + h2::settings_ack());  // our window is the client's from its acknowledgement on
  stage.client.send(h2::headers(1, h2::post(), h2::kEndHeaders));
  ASSERT_TRUE(stage.upstream_has(1));
  stage.upstream.last().pause_reading(true);
  // Until its window is closed: it is a well-behaved client.
  std::size_t sent = 0;
  std::size_t window = 65'535;
  std::size_t seen = 0;
  const auto credit = [&] {
    std::size_t by = 0;
    for (const auto& frame : stage.client.reader().of(h2::kWindowUpdate))
      if (frame.stream == 1) by += static_cast<std::size_t>(static_cast<unsigned char>(frame.payload[0])) << 24 |
                                   static_cast<std::size_t>(static_cast<unsigned char>(frame.payload[1])) << 16 |
                                   static_cast<std::size_t>(static_cast<unsigned char>(frame.payload[2])) << 8 |
                                   static_cast<unsigned char>(frame.payload[3]);
    return by;
  };
  window = 256 * 1024;  // as our SETTINGS say
  for (int rounds = 0; rounds < 3000; ++rounds) {
    stage.client.settle();
    const std::size_t more = credit();
    window += more - seen;
    seen = more;
    if (window < 16'384) break;
    stage.client.send(h2::data(1, std::string(16'384, 'u')));
    window -= 16'384;
    sent += 16'384;
  }
  EXPECT_LT(window, 16'384u);
  EXPECT_FALSE(stage.client.reader().goes_away());
  EXPECT_FALSE(stage.client.answer(1).was_reset);
  EXPECT_LE(stage.proxy.worker().buffers_in_use(), 3u);
  stage.upstream.last().pause_reading(false);
  ASSERT_TRUE(stage.client.until([&] { return stage.upstream.last().received().size() > sent; }));
}

// ---- How streams end

TEST(H2Conversation, AnEarlyAnswerIsWholeAndThenTheUploadIsNotWanted) {
  Stage stage;
  stage.client.send(h2::headers(1, h2::post(), h2::kEndHeaders) + h2::data(1, std::string(10'000, 'u')));
  ASSERT_TRUE(stage.upstream_has(1));
  stage.upstream.last().send("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nno!");
  ASSERT_TRUE(stage.client.ended(1));
  stage.client.settle();
  EXPECT_FALSE(stage.client.answer(1).was_reset);  // it is given a moment to stop by itself
  for (int i = 0; i < 3; ++i) {
    stage.proxy.time().advance(Millis{200});
    stage.client.settle();
  }
  ASSERT_TRUE(stage.client.until([&] { return stage.client.answer(1).was_reset; }));
  const auto answer = stage.client.answer(1);
  EXPECT_EQ(answer.status, "413");
  EXPECT_EQ(answer.body, "no!");
  EXPECT_TRUE(answer.ended);
  EXPECT_EQ(answer.code, 0u);  // NO_ERROR
  EXPECT_EQ(stage.client.reader().frames.back().type, h2::kRstStream);
  // The upstream's connection waits for a body that does not come: no other request is sent on it.
  stage.client.send(h2::headers(3, h2::get()));
  ASSERT_TRUE(stage.upstream_has(2));
  stage.upstream.last().send(kHello);
  ASSERT_TRUE(stage.client.ended(3));
  EXPECT_EQ(stage.client.answer(3).body, "hello");
}

TEST(H2Conversation, ACancelReachesTheUpstreamAtOnce) {
  Stage stage;
  stage.client.send(h2::headers(1, h2::get("/1")) + h2::headers(3, h2::get("/3")));
  ASSERT_TRUE(stage.upstream_has(2));
  stage.client.send(h2::reset(1));
  stage.client.settle();  // no time passes
  const bool first_is_1 = stage.upstream.connection(0).saw("GET /1 ");
  Peer& cancelled = stage.upstream.connection(first_is_1 ? 0 : 1);
  Peer& neighbour = stage.upstream.connection(first_is_1 ? 1 : 0);
  EXPECT_TRUE(cancelled.ended());
  EXPECT_FALSE(neighbour.ended());
  neighbour.send(kHello);
  ASSERT_TRUE(stage.client.ended(3));
  EXPECT_EQ(stage.client.answer(3).body, "hello");
  EXPECT_FALSE(stage.client.answer(1).was_reset);
  EXPECT_THAT(stage.proxy.log(), HasSubstr("\"outcome\":\"client_closed\""));
}

TEST(H2Conversation, ACancelGivesUpAPlaceInTheQueue) {
  Stage stage("", "max_in_flight = 1\n");
  stage.client.send(h2::headers(1, h2::get("/1")));
  ASSERT_TRUE(stage.upstream_has(1));
  stage.client.send(h2::headers(3, h2::get("/3")) + h2::headers(5, h2::get("/5")));
  stage.client.settle();
  EXPECT_EQ(stage.upstream.connections(), 1u);
  stage.client.send(h2::reset(3));
  stage.client.settle();
  stage.upstream.last().send(kHello);
  ASSERT_TRUE(stage.client.ended(1));
  ASSERT_TRUE(stage.client.until([&] { return stage.upstream.last().saw("/5"); }));
  EXPECT_FALSE(stage.upstream.last().saw("/3"));
  stage.upstream.last().send(kHello);
  ASSERT_TRUE(stage.client.ended(5));
}

TEST(H2Conversation, AnAnswerThatBreaksOffIsReset) {
  Stage stage;
  stage.client.send(h2::headers(1, h2::get()));
  ASSERT_TRUE(stage.upstream_has(1));
  stage.upstream.last().send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  ASSERT_TRUE(stage.client.until([&] { return stage.client.answer(1).body == "half"; }));
  stage.upstream.last().close();
  ASSERT_TRUE(stage.client.ended(1));
  EXPECT_EQ(stage.client.answer(1).code, 2u);  // INTERNAL_ERROR
  EXPECT_FALSE(stage.client.answer(1).ended);
  stage.client.send(h2::headers(3, h2::get()));  // its neighbours live
  ASSERT_TRUE(stage.upstream_has(2));
  EXPECT_THAT(stage.proxy.log(), HasSubstr("\"outcome\":\"response_truncated\""));
}

TEST(H2Conversation, ARefusedUpstreamIsOneAnswer) {
  ScriptedUpstream upstream;
  TestProxy proxy({&upstream}, "", "hold.timeout = \"0s\"\n");
  upstream.stop_listening();
  H2Client client(proxy);
  client.send(h2::headers(1, h2::get("/", {{"accept", "application/json"}})));
  ASSERT_TRUE(client.ended(1));
  EXPECT_EQ(client.answer(1).status[0], '5');
  EXPECT_THAT(client.answer(1).body, HasSubstr("outcome"));
  EXPECT_FALSE(client.answer(1).was_reset);
}

TEST(H2Conversation, AClientThatDisappearsEndsAllItsRequests) {
  Stage stage;
  stage.client.send(h2::headers(1, h2::get()) + h2::headers(3, h2::get()));
  ASSERT_TRUE(stage.upstream_has(2));
  stage.client.peer().reset();
  ASSERT_TRUE(stage.client.until([&] { return stage.upstream.connection(0).ended() && stage.upstream.connection(1).ended(); }));
  ASSERT_TRUE(stage.client.until([&] { return stage.proxy.worker().open_connections() == 0; }));
  EXPECT_EQ(stage.proxy.worker().buffers_in_use(), 0u);
}

TEST(H2Conversation, AfterAFinWhatWasAskedIsStillAnswered) {
  Stage stage;
  stage.client.send(h2::headers(1, h2::get()));
  ASSERT_TRUE(stage.upstream_has(1));
  stage.client.peer().finish();
  stage.client.settle();
  stage.upstream.last().send(kHello);
  ASSERT_TRUE(stage.client.ended(1));
  EXPECT_EQ(stage.client.answer(1).body, "hello");
  ASSERT_TRUE(stage.client.until([&] { return stage.client.peer().ended(); }));
}

// ---- What is refused

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
    Stage stage;
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
    EXPECT_THAT(stage.proxy.log(), HasSubstr("\"status\":" + status));
  }
}

TEST(H2Conversation, MalformedRequestsAreResetAndLogged) {
  for (const auto& fields : {h2::get("/m", {{"transfer-encoding", "chunked"}}), h2::get("/m", {{"x-a", "b\r\nc: d"}}),
                             h2::get("/m", {{"connection", "x-forwarded-for"}}), h2::get("/m", {{"X-A", "b"}})}) {
    Stage stage;
    stage.client.send(h2::headers(1, fields));
    ASSERT_TRUE(stage.client.ended(1));
    EXPECT_EQ(stage.client.answer(1).code, 1u);  // PROTOCOL_ERROR
    EXPECT_EQ(stage.client.answer(1).status, "");
    EXPECT_EQ(stage.upstream.connections(), 0u);
    EXPECT_THAT(stage.proxy.log(), HasSubstr("\"outcome\":\"bad_request\""));
    EXPECT_EQ(stage.proxy.malformed().take().size(), 1u);
  }
}

TEST(H2Conversation, ABodyThatIsNotAsLongAsItSaysNeverLooksComplete) {
  Stage stage;
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
  upstream.last().send(kHello);
  ASSERT_TRUE(honest.ended(1));
  EXPECT_EQ(honest.answer(1).body, "hello");
  const auto told = proxy.malformed().take();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].outcome, "http2_error");
  EXPECT_EQ(told[0].detail, "PING flood");
}

TEST(H2Conversation, RapidResetNeverReachesAnUpstream) {
  Stage stage;
  std::string flood;
  for (std::uint32_t id = 1; id < 801; id += 2) flood += h2::headers(id, h2::get()) + h2::reset(id);
  stage.client.send(flood);
  stage.client.settle();
  EXPECT_LE(stage.upstream.connections(), 4u);  // where a read fell between the two
  EXPECT_FALSE(stage.client.reader().goes_away());
}

TEST(H2Conversation, AListenerMaySpeakOneOfThemOnly) {
  ScriptedUpstream upstream;
  upstream.always_reply(kHello);
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
  upstream.always_reply(kHello);
  TestProxy proxy({&upstream});
  auto peer = proxy.client();
  peer->send("GET / HTTP/1.1\r\nHost: a\r\n\r\n" + h2::hello());
  ASSERT_TRUE(proxy.until({peer.get()}, [&] { return peer->ended() || peer->saw(" 505 "); }));
  EXPECT_TRUE(peer->saw(" 505 "));
}

TEST(H2Conversation, EachRequestMayComeFromAnotherClient) {
  ScriptedUpstream upstream;
  upstream.always_reply(kHello);
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

// ---- Time

TEST(H2Conversation, AnIdleConnectionIsToldBeforeItIsClosed) {
  Stage stage("[timeouts]\nclient_idle = \"10s\"\n");
  stage.upstream.always_reply(kHello);
  stage.client.send(h2::headers(1, h2::get()));
  ASSERT_TRUE(stage.client.ended(1));
  stage.proxy.time().advance(std::chrono::seconds{9});
  stage.client.settle();
  EXPECT_FALSE(stage.client.reader().goes_away());
  stage.proxy.time().advance(std::chrono::seconds{2});
  ASSERT_TRUE(stage.client.until([&] { return stage.client.reader().goes_away(); }));
  EXPECT_EQ(stage.client.reader().goaway_code(), 0u);
  stage.client.peer().finish();
  ASSERT_TRUE(stage.client.until([&] { return stage.proxy.worker().open_connections() == 0; }));
}

TEST(H2Conversation, FramesThatAreNoRequestKeepNobodysPlace) {
  Stage stage("[timeouts]\nclient_idle = \"10s\"\nclient_header = \"5s\"\n");
  const std::string ping = h2::ping("12345678", 0);
  stage.client.send(ping.substr(0, 5));
  for (int i = 0; i < 8 && !stage.client.reader().goes_away(); ++i) {
    stage.proxy.time().advance(std::chrono::seconds{4});
    stage.client.settle();
    if (!stage.client.reader().goes_away()) stage.client.send(ping.substr(5) + ping.substr(0, 5));
    stage.client.settle();
  }
  EXPECT_TRUE(stage.client.reader().goes_away());
  EXPECT_EQ(stage.client.reader().goaway_code(), 0u);
}

TEST(H2Conversation, AHeadThatComesInDropsIsNotWaitedForForEver) {
  const std::string head = h2::headers(1, h2::get());
  for (const std::string& begun : {head.substr(0, 4), head.substr(0, 20), h2::frame(h2::kHeaders, 0, 1, h2::block(h2::get()))}) {
    Stage stage("[timeouts]\nclient_header = \"5s\"\n");
    stage.client.settle();
    stage.client.send(begun);
    stage.client.settle();
    stage.proxy.time().advance(std::chrono::seconds{4});
    stage.client.settle();
    EXPECT_FALSE(stage.client.reader().goes_away());
    stage.proxy.time().advance(std::chrono::seconds{3});
    ASSERT_TRUE(stage.client.until([&] { return stage.client.reader().goes_away(); }));
  }
}

TEST(H2Conversation, APrefaceAloneIsNotWaitedForForEver) {
  Stage stage("[timeouts]\nclient_header = \"5s\"\n", "", h2::kPrefaceBytes);
  stage.client.settle();
  stage.proxy.time().advance(std::chrono::seconds{6});
  ASSERT_TRUE(stage.client.until([&] { return stage.client.reader().goes_away(); }));
}

// ---- Drain

TEST(H2Conversation, ADrainTellsTwiceAndLosesNothing) {
  Stage stage;
  stage.client.send(h2::headers(1, h2::get("/1")));
  ASSERT_TRUE(stage.upstream_has(1));
  const TimePoint now = stage.proxy.time().now();
  stage.proxy.worker().drain({now, now + std::chrono::seconds{25}});
  ASSERT_TRUE(stage.client.until([&] { return stage.client.reader().saw(h2::kPing); }));
  ASSERT_EQ(stage.client.reader().of(h2::kGoAway).size(), 1u);
  EXPECT_EQ(stage.client.reader().of(h2::kGoAway)[0].last_stream(), 0x7fffffffu);

  stage.client.send(h2::headers(3, h2::get("/3")));  // it crosses the GOAWAY
  ASSERT_TRUE(stage.upstream_has(2));
  stage.client.send(h2::ping(stage.client.reader().of(h2::kPing)[0].payload, h2::kAck));
  stage.client.settle();
  stage.client.send(h2::headers(5, h2::get("/5")));  // it was begun before the GOAWAY came, and written after the answer
  ASSERT_TRUE(stage.upstream_has(3));
  EXPECT_EQ(stage.client.reader().of(h2::kGoAway).size(), 1u);
  stage.proxy.time().advance(Millis{200});
  ASSERT_TRUE(stage.client.until([&] { return stage.client.reader().of(h2::kGoAway).size() == 2; }));
  EXPECT_EQ(stage.client.reader().of(h2::kGoAway)[1].last_stream(), 5u);
  for (std::size_t i = 0; i < 3; ++i) stage.upstream.connection(i).send(kHello);
  ASSERT_TRUE(stage.client.ended(1));
  ASSERT_TRUE(stage.client.ended(3));
  ASSERT_TRUE(stage.client.ended(5));
  EXPECT_EQ(stage.client.answer(5).body, "hello");
  stage.client.peer().finish();
  ASSERT_TRUE(stage.client.until([&] { return stage.proxy.worker().open_connections() == 0; }));
}

TEST(H2Conversation, ADrainReachesIdleConnections) {
  Stage stage;
  stage.upstream.always_reply(kHello);
  stage.client.send(h2::headers(1, h2::get()));
  ASSERT_TRUE(stage.client.ended(1));
  stage.proxy.time().advance(std::chrono::seconds{1});
  stage.client.settle();  // parked
  const TimePoint now = stage.proxy.time().now();
  stage.proxy.worker().drain({now, now + std::chrono::seconds{25}});
  ASSERT_TRUE(stage.client.until([&] { return stage.client.reader().saw(h2::kPing); }));
  stage.proxy.time().advance(std::chrono::seconds{2});  // it does not say that it has heard
  ASSERT_TRUE(stage.client.until([&] { return stage.client.reader().of(h2::kGoAway).size() == 2; }));
  stage.client.peer().finish();
  ASSERT_TRUE(stage.client.until([&] { return stage.proxy.worker().open_connections() == 0; }));
}

TEST(H2Conversation, ACutEndsAll) {
  Stage stage;
  stage.client.send(h2::headers(1, h2::get()) + h2::headers(3, h2::get()));
  ASSERT_TRUE(stage.upstream_has(2));
  stage.proxy.worker().cut_all();
  ASSERT_TRUE(stage.client.until([&] { return stage.client.peer().ended(); }));
  EXPECT_TRUE(stage.client.reader().goes_away());
  EXPECT_EQ(stage.proxy.worker().open_connections(), 0u);
  EXPECT_EQ(times_in(stage.proxy.log(), "\"outcome\":\"drained\""), 2u);
}

TEST(H2Conversation, AWorkerMayEndWithStreamsOpen) {
  for (const bool parked : {true, false}) {
    ScriptedUpstream upstream;
    auto proxy = std::make_unique<TestProxy>(std::vector<ScriptedUpstream*>{&upstream});
    H2Client client(*proxy);
    if (!parked) client.send(h2::headers(1, h2::get()) + h2::headers(3, h2::post(), h2::kEndHeaders));
    client.settle();
    if (parked) proxy->time().advance(std::chrono::seconds{1});
    client.settle();
    proxy.reset();
    client.peer().poll();
    EXPECT_TRUE(client.peer().ended());
  }
}

}  // namespace
}  // namespace frontdoor::testing
