// Upgraded connections: when there is a tunnel at all, what passes through it, and how it ends by itself.

#include <gtest/gtest.h>

#include "support/messages.h"
#include "support/tunnel_talk.h"

namespace frontdoor::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using namespace std::chrono_literals;

// ---- The handshake

TEST(Upgrade, IsRelayedWithItsAnswer) {
  TunnelTalk talk;
  talk.client->send(kHandshake);
  ASSERT_TRUE(talk.asked());
  const std::string& asked = talk.server().received();
  EXPECT_THAT(asked, StartsWith("GET /chat HTTP/1.1\r\n"));
  EXPECT_THAT(asked, HasSubstr("\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"));
  EXPECT_THAT(asked, HasSubstr("\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"));
  EXPECT_THAT(asked, HasSubstr("\r\nX-Forwarded-For: 127.0.0.1\r\n"));
  talk.server().send(kSwitch);
  ASSERT_TRUE(talk.until([&] { return talk.client->saw("\r\n\r\n"); }));
  const std::string& answer = talk.client->received();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 101 Switching Protocols\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("Content-Length")));
  EXPECT_THAT(answer, Not(HasSubstr("Transfer-Encoding")));
}

TEST(Upgrade, IsNoneWithoutItsOptionOrInHttp10) {
  for (const char* request : {"GET / HTTP/1.1\r\nHost: e\r\nUpgrade: websocket\r\n\r\n",
                              "GET / HTTP/1.0\r\nHost: e\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
                              "GET / HTTP/1.1\r\nHost: e\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                              "HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"}) {
    TunnelTalk talk;
    talk.client->send(request);
    ASSERT_TRUE(talk.asked());
    EXPECT_THAT(talk.server().received(), Not(HasSubstr("Upgrade"))) << request;
    EXPECT_THAT(talk.server().received(), Not(HasSubstr("HTTP2-Settings"))) << request;
    talk.server().send(kHello);
    ASSERT_TRUE(talk.until([&] { return complete_response(talk.client->received()); }));
    EXPECT_THAT(talk.client->received(), StartsWith("HTTP/1.1 200 ")) << request;
  }
}

TEST(Upgrade, A101ThatWasNotAskedForIs502) {
  struct {
    std::string_view request;
    std::string_view answer;
  } cases[] = {
      {kGet, kSwitch},                // no upgrade
      {kHandshake, kOtherSwitch},     // another protocol
      {kHandshake, "HTTP/1.1 101 Switching Protocols\r\n\r\n"},
      {kHandshake, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"},
      {"GET / HTTP/1.1\r\nHost: e\r\nUpgrade: websocket\r\n\r\n", kSwitch},  // an upgrade that we did not pass on
      {"POST / HTTP/1.1\r\nHost: e\r\nConnection: upgrade\r\nUpgrade: tcp\r\nContent-Length: 9\r\n\r\nhalf",
       kOtherSwitch},                 // RFC 9110 §7.8: not before the request has ended
  };
  for (const auto& c : cases) {
    TunnelTalk talk;
    talk.client->send(c.request);
    ASSERT_TRUE(talk.asked());
    talk.server().send(c.answer);
    ASSERT_TRUE(talk.until([&] { return complete_response(talk.client->received()); })) << c.request;
    EXPECT_THAT(talk.client->received(), StartsWith("HTTP/1.1 502 ")) << c.request << c.answer;
    EXPECT_TRUE(talk.until([&] { return talk.server().ended(); })) << "its connection is in doubt";
    EXPECT_THAT(talk.proxy.log(), HasSubstr("\"outcome\":\"invalid_response\""));
  }
}

TEST(Upgrade, ARefusalIsAnOrdinaryResponseAndTheClientsConnectionLivesOn) {
  TunnelTalk talk;
  talk.client->send(std::string(kHandshake) + kGet);  // pipelined: no tunnel, so these bytes are a request
  ASSERT_TRUE(talk.asked());
  talk.server().forget();
  talk.server().send("HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\nUpgrade: websocket\r\n\r\nnope");
  ASSERT_TRUE(talk.until([&] { return talk.upstream.connections() == 2 && talk.server().saw("\r\n\r\n"); }))
      << "the second request, where an app that took the socket from its HTTP server does not matter";
  EXPECT_THAT(talk.server().received(), StartsWith("GET / HTTP/1.1\r\n"));
  EXPECT_THAT(talk.server().received(), Not(HasSubstr("Upgrade")));
  talk.server().send(kHello);
  ASSERT_TRUE(talk.until([&] { return talk.client->saw("hello"); }));
  EXPECT_EQ(body_of(talk.client->received()), "nope");
  EXPECT_TRUE(talk.upstream.connection(0).ended());
  EXPECT_FALSE(talk.client->ended());
}

TEST(Upgrade, ABodyIsSentBeforeTheTunnelBegins) {
  TunnelTalk talk;  // as Docker's API does
  talk.client->send("POST /exec HTTP/1.1\r\nHost: e\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 4\r\n\r\nbody");
  ASSERT_TRUE(talk.until([&] { return talk.upstream.connections() > 0 && talk.server().saw("\r\n\r\nbody"); }));
  talk.server().forget();
  talk.server().send(kOtherSwitch);
  ASSERT_TRUE(talk.until([&] { return talk.client->saw("\r\n\r\n"); }));
  talk.client->send("stdin");
  EXPECT_TRUE(talk.server_gets("stdin"));
}

TEST(Upgrade, IsReplayedAsAnyGetUntilItIsAccepted) {
  ScriptedUpstream first;
  ScriptedUpstream second;
  TestProxy proxy({&first, &second});
  const auto client = proxy.client();
  client->send(kHandshake);
  ASSERT_TRUE(proxy.until({client.get()}, [&] { return first.connections() > 0 && first.last().saw("\r\n\r\n"); }));
  first.last().reset();
  ASSERT_TRUE(proxy.until({client.get()}, [&] { return second.connections() > 0 && second.last().saw("\r\n\r\n"); }));
  EXPECT_THAT(second.last().received(), HasSubstr("\r\nUpgrade: websocket\r\n"));
  second.last().send(kSwitch);
  ASSERT_TRUE(proxy.until({client.get()}, [&] { return client->saw("\r\n\r\n"); }));
  second.last().reset();
  ASSERT_TRUE(proxy.until({client.get()}, [&] { return client->ended(); }));
  EXPECT_EQ(first.connections() + second.connections(), 2u) << "a tunnel is never begun again";
}

TEST(Upgrade, InformationalHeadsMayComeFirst) {
  TunnelTalk talk;
  talk.client->send(kHandshake);
  ASSERT_TRUE(talk.asked());
  talk.server().send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + std::string(kSwitch) + "first");
  ASSERT_TRUE(talk.until([&] { return talk.client->saw("first"); }));
  EXPECT_THAT(talk.client->received(), StartsWith("HTTP/1.1 103 "));
  EXPECT_THAT(talk.client->received(), HasSubstr("HTTP/1.1 101 "));
}

// ---- What passes

TEST(Tunnel, BytesPassBothWaysAsTheyAre) {
  for (const bool websocket : {true, false}) {
    TunnelTalk talk;
    websocket ? talk.open() : talk.open(kOtherHandshake, kOtherSwitch);
    std::string anything;
    for (int i = 0; i < 70'000; ++i) anything += static_cast<char>(i * 7);
    talk.client->send(anything);
    EXPECT_TRUE(talk.server_gets(anything));
    talk.server().send(anything + "x");
    EXPECT_TRUE(talk.client_gets(anything + "x"));
  }
}

// Neither a read that finds nothing nor a write of nothing, and no other call: an echo is four.
TEST(Tunnel, AMessageCostsOneReadAndOneWrite) {
  for (const bool websocket : {true, false}) {
    TunnelTalk talk;
    websocket ? talk.open() : talk.open(kOtherHandshake, kOtherSwitch);
    talk.settle();
    const std::uint64_t before = talk.proxy.ops().operations();
    constexpr std::uint64_t kEchoes = 5;
    for (std::uint64_t i = 0; i < kEchoes; ++i) {
      talk.server().forget();
      talk.client->forget();
      talk.client->send(client_frame("question"));
      ASSERT_TRUE(talk.server_gets(client_frame("question")));
      talk.server().send(server_frame("answer"));
      ASSERT_TRUE(talk.client_gets(server_frame("answer")));
    }
    talk.settle();
    EXPECT_EQ(talk.proxy.ops().operations() - before, 4 * kEchoes);
  }
}

// What does not fit is the coroutine's; when it has gone out, messages pass as before.
TEST(Tunnel, AMessageCostsTheSameAgainAfterAJam) {
  TunnelTalk talk;
  talk.open();
  talk.client->pause_reading(true);
  const std::string much(24 << 20, 'x');
  talk.server().send(much);
  talk.settle();
  talk.client->pause_reading(false);
  ASSERT_TRUE(talk.until([&] { return talk.client->received().size() == much.size(); }));
  talk.settle();
  EXPECT_EQ(talk.proxy.worker().buffers_in_use(), 0u);
  talk.client->forget();
  const std::uint64_t before = talk.proxy.ops().operations();
  talk.client->send("question");
  ASSERT_TRUE(talk.server_gets("question"));
  talk.server().send("answer");
  ASSERT_TRUE(talk.client_gets("answer"));
  talk.settle();
  EXPECT_EQ(talk.proxy.ops().operations() - before, 4u);
}

TEST(Tunnel, BytesRightBehindEitherHeadAreItsFirst) {
  TunnelTalk talk;
  talk.client->send(std::string(kHandshake) + client_frame("early"));
  ASSERT_TRUE(talk.asked());
  EXPECT_FALSE(talk.server().saw("early")) << "before the 101 they might be a request";
  talk.server().forget();
  talk.server().send(std::string(kSwitch) + server_frame("welcome"));
  EXPECT_TRUE(talk.server_gets(client_frame("early")));
  ASSERT_TRUE(talk.until([&] { return talk.client->saw("welcome"); }));
  EXPECT_THAT(talk.client->received(), ::testing::EndsWith("\r\n\r\n" + server_frame("welcome")));
}

TEST(Tunnel, WhoDoesNotReadIsWaitedForWithinOneBlock) {
  for (const bool client_reads : {true, false}) {
    TunnelTalk talk;
    talk.open();
    Peer& reader = client_reads ? *talk.client : talk.server();
    Peer& writer = client_reads ? talk.server() : *talk.client;
    constexpr std::size_t kPieces = 24;  // MiB: more than both sockets' buffers hold
    const std::string piece(1 << 20, 'x');
    reader.pause_reading(true);
    for (std::size_t i = 0; i < kPieces; ++i) writer.send(piece);
    talk.settle();
    EXPECT_FALSE(writer.all_sent());
    EXPECT_LE(talk.proxy.worker().buffers_in_use(), 2u);
    reader.send("the other direction is not held up");
    EXPECT_TRUE(talk.until([&] { return writer.saw("the other direction is not held up"); }));
    reader.pause_reading(false);
    EXPECT_TRUE(talk.until([&] { return reader.received().size() == kPieces * piece.size(); }));
  }
}

TEST(Tunnel, ASilentOneHoldsNoBuffer) {
  TunnelTalk talk;
  talk.open();
  talk.client->send(client_frame("hello"));
  ASSERT_TRUE(talk.server_gets(client_frame("hello")));
  talk.server().send(server_frame("hello"));
  ASSERT_TRUE(talk.client_gets(server_frame("hello")));
  talk.settle();
  EXPECT_EQ(talk.proxy.worker().buffers_in_use(), 0u);
  EXPECT_EQ(talk.proxy.upstream(0).in_flight(), 1u);
}

// ---- How it ends

TEST(Tunnel, AFinIsPassedOnAndTheOtherDirectionLivesOn) {
  for (const bool client_first : {true, false}) {
    TunnelTalk talk;
    talk.open(kOtherHandshake, kOtherSwitch);
    Peer& first = client_first ? *talk.client : talk.server();
    Peer& second = client_first ? talk.server() : *talk.client;
    first.send("that is all");
    first.finish();
    ASSERT_TRUE(talk.until([&] { return second.ended(); }));
    EXPECT_EQ(second.received(), "that is all");
    EXPECT_FALSE(second.was_reset());
    EXPECT_FALSE(first.ended());
    second.send("answer");
    ASSERT_TRUE(talk.until([&] { return first.saw("answer"); }));
    EXPECT_EQ(talk.proxy.upstream(0).in_flight(), 1u) << "until it has ended";
    second.finish();
    ASSERT_TRUE(talk.until([&] { return first.ended(); }));
    EXPECT_FALSE(first.was_reset());
    EXPECT_TRUE(talk.nothing_left());
    EXPECT_THAT(talk.proxy.log(), HasSubstr("\"status\":101,\"outcome\":\"served\""));
  }
}

// A process that is killed sends a FIN too, and so does a phone that is given up: only the close frame tells.
TEST(Tunnel, AWebSocketThatEndsWithoutACloseFrameIsNotServed) {
  struct {
    bool upstream_first;
    const char* outcome;
  } const cases[] = {{true, "response_truncated"}, {false, "client_closed"}};
  for (const auto& c : cases) {
    TunnelTalk talk;
    talk.open();
    talk.client->send(client_frame("a message"));
    ASSERT_TRUE(talk.server_gets(client_frame("a message")));
    Peer& first = c.upstream_first ? talk.server() : *talk.client;
    Peer& second = c.upstream_first ? *talk.client : talk.server();
    first.finish();
    ASSERT_TRUE(talk.until([&] { return second.ended(); }));
    EXPECT_FALSE(second.was_reset());
    second.finish();
    ASSERT_TRUE(talk.until([&] { return first.ended(); }));
    EXPECT_TRUE(talk.nothing_left());
    EXPECT_THAT(talk.proxy.log(), HasSubstr("\"status\":101,\"outcome\":\"" + std::string(c.outcome) +
                                            "\",\"detail\":\"ended without a close frame\""));
  }
}

TEST(Tunnel, AWebSocketWithACloseFrameIsServed) {
  for (const bool by_client : {true, false}) {
    TunnelTalk talk;
    talk.open();
    if (by_client) {
      talk.client->send(client_close(1000));
      ASSERT_TRUE(talk.server_gets(client_close(1000)));
    } else {
      talk.server().send(server_close(1000));
      ASSERT_TRUE(talk.client_gets(server_close(1000)));
    }
    talk.server().finish();
    talk.client->finish();
    ASSERT_TRUE(talk.until([&] { return talk.client->ended() && talk.server().ended(); }));
    EXPECT_TRUE(talk.nothing_left());
    EXPECT_THAT(talk.proxy.log(), HasSubstr("\"status\":101,\"outcome\":\"served\""));
  }
}

TEST(Tunnel, CloseCodesPassThrough) {
  TunnelTalk talk;
  talk.open();
  talk.client->send(client_close(4001));
  ASSERT_TRUE(talk.server_gets(client_close(4001)));
  talk.server().send(server_close(4001));
  talk.server().finish();
  ASSERT_TRUE(talk.until([&] { return talk.client->ended(); }));
  EXPECT_EQ(talk.client->received(), server_close(4001));
  talk.client->close();
  EXPECT_TRUE(talk.nothing_left());
}

TEST(Tunnel, AResetIsPassedOnAsOne) {
  for (const bool by_client : {true, false}) {
    TunnelTalk talk;
    talk.open();
    (by_client ? *talk.client : talk.server()).reset();
    Peer& other = by_client ? talk.server() : *talk.client;
    ASSERT_TRUE(talk.until([&] { return other.ended(); }));
    EXPECT_TRUE(other.was_reset()) << "a cut must not look like an end";
    EXPECT_TRUE(talk.nothing_left());
    EXPECT_THAT(talk.proxy.log(), HasSubstr(by_client ? "\"outcome\":\"client_closed\"" : "\"outcome\":\"response_truncated\""));
  }
}

TEST(Tunnel, ACutHalfClosedOneIsNoticedToo) {
  TunnelTalk talk;
  talk.open();
  talk.client->finish();
  ASSERT_TRUE(talk.until([&] { return talk.server().ended(); }));
  talk.client->reset();  // it waits for the upstream's last words no longer
  EXPECT_TRUE(talk.until([&] { return talk.proxy.worker().open_connections() == 0; }));
  EXPECT_EQ(talk.proxy.upstream(0).in_flight(), 0u);
}

TEST(Tunnel, SilenceIsLimitedByStreamIdleAndNothingElse) {
  TunnelTalk talk("[timeouts]\nstream_idle = \"10m\"\nclient_idle = \"1s\"\nresponse_body = \"1s\"\nclient_body = \"1s\"\n");
  talk.open();
  for (Peer* sender : {talk.client.get(), &talk.server()}) {  // a byte either way is enough
    talk.pass(9min);
    EXPECT_FALSE(talk.client->ended());
    sender->send("x");
    talk.settle();
  }
  talk.pass(9min);
  EXPECT_FALSE(talk.client->ended());
  talk.pass(61s);
  EXPECT_TRUE(talk.until([&] { return talk.client->ended() && talk.server().ended(); }));
  EXPECT_TRUE(talk.nothing_left());
  EXPECT_THAT(talk.proxy.log(), HasSubstr("\"outcome\":\"stream_idle\""));
}

TEST(Tunnel, AClientThatDoesNotReadIsCut) {
  TunnelTalk talk("[timeouts]\nclient_write = \"5s\"\n");
  talk.open();
  talk.client->pause_reading(true);
  talk.server().send(std::string(24 << 20, 'x'));
  talk.settle();
  talk.pass(6s);
  EXPECT_TRUE(talk.until([&] { return talk.server().ended(); }));
  EXPECT_THAT(talk.proxy.log(), HasSubstr("\"outcome\":\"client_write_timeout\""));
}

TEST(Tunnel, AReloadNeitherCutsItNorIsKeptByIt) {
  TunnelTalk talk;
  talk.open();
  ScriptedUpstream other;
  const std::weak_ptr<const Snapshot> before = talk.proxy.snapshot();
  talk.proxy.publish("listen = \"127.0.0.1:0\"\n[pool.app]\nupstreams = [\"" + other.address() + "\"]\n");
  talk.settle();
  EXPECT_TRUE(before.expired()) << "a tunnel may live for days";
  talk.client->send("still");
  EXPECT_TRUE(talk.server_gets("still"));
  talk.server().send("here");
  EXPECT_TRUE(talk.client_gets("here"));
  talk.client->finish();
  talk.server().finish();
  EXPECT_TRUE(talk.until([&] { return talk.client->ended(); }));
  EXPECT_THAT(talk.proxy.log(), HasSubstr("\"pool\":\"app\",\"upstream\":\"" + talk.upstream.address() + "\""));
}

TEST(Tunnel, IsLoggedOnceWithItsBytesAndItsTime) {
  TunnelTalk talk;
  talk.client->send(std::string(kHandshake).insert(kHandshake.size() - 2, "User-Agent: a browser\r\nReferer: http://e/\r\n"));
  ASSERT_TRUE(talk.asked());
  talk.server().forget();
  talk.server().send(kSwitch);
  ASSERT_TRUE(talk.until([&] { return talk.client->saw("\r\n\r\n"); }));
  talk.client->forget();
  talk.client->send(std::string(70'000, 'x'));  // over what the head was read into
  ASSERT_TRUE(talk.server_gets(std::string(70'000, 'x')));
  talk.server().send("1234567");
  ASSERT_TRUE(talk.client_gets("1234567"));
  talk.pass(90s);
  talk.server().finish();
  talk.client->finish();
  ASSERT_TRUE(talk.until([&] { return talk.client->ended(); }));
  const std::string log = talk.proxy.log();
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 1) << log;
  EXPECT_THAT(log, HasSubstr("\"method\":\"GET\",\"host\":\"e\",\"target\":\"/chat\""));
  EXPECT_THAT(log, HasSubstr("\"status\":101,\"outcome\":\"served\",\"pool\":\"app\""));  // these were no frames
  EXPECT_THAT(log, HasSubstr("\"received_bytes\":70000,\"sent_bytes\":7,"));
  EXPECT_THAT(log, HasSubstr("\"total_ms\":90"));
  EXPECT_THAT(log, HasSubstr("\"referer\":\"http://e/\",\"user_agent\":\"a browser\""));
}

// ---- Streams that are no tunnels

TEST(EventStream, EachEventIsPassedOnAtOnce) {
  TunnelTalk talk;
  talk.client->send(kGet);
  ASSERT_TRUE(talk.asked());
  talk.server().send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
  ASSERT_TRUE(talk.until([&] { return talk.client->saw("\r\n\r\n"); })) << "the head does not wait for an event";
  for (int i = 0; i < 5; ++i) {  // time stands still: nothing can be waiting for a timer
    const std::string event = "data: " + std::to_string(i) + "\n\n";
    talk.server().send("9\r\n" + event + "\r\n");
    ASSERT_TRUE(talk.until([&] { return talk.client->saw(event + "\r\n") || talk.client->saw(event); })) << i;
  }
}

TEST(EventStream, ALongPollWaitsAndIsAnsweredAtOnce) {
  TunnelTalk talk("[timeouts]\nresponse_header = \"120s\"\n");
  talk.client->send(kGet);
  ASSERT_TRUE(talk.asked());
  talk.pass(100s);
  talk.server().send(kHello);
  EXPECT_TRUE(talk.until([&] { return complete_response(talk.client->received()); }));
}

TEST(EventStream, AnUploadBesideItMayPauseForAsLong) {
  TunnelTalk talk("[timeouts]\nclient_body = \"1s\"\nresponse_body = \"1s\"\nstream_idle = \"1h\"\n");
  talk.client->send("POST / HTTP/1.1\r\nHost: e\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  ASSERT_TRUE(talk.asked());
  talk.server().send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
  ASSERT_TRUE(talk.until([&] { return talk.client->saw("\r\n\r\n"); }));
  talk.pass(30min);
  EXPECT_FALSE(talk.client->ended());
  talk.client->send("4\r\nmore\r\n");
  EXPECT_TRUE(talk.until([&] { return talk.server().saw("more"); }));
}

}  // namespace
}  // namespace frontdoor::testing
