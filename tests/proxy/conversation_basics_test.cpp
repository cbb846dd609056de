// Whole conversations through one worker: what the upstream must see and what the client must get.

#include <gtest/gtest.h>

#include <algorithm>

#include "support/messages.h"
#include "support/test_proxy.h"

namespace frontdoor::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kGetWithQuery = "GET /a?b=c HTTP/1.1\r\nHost: example.com\r\n\r\n";

std::string lower(std::string text) {
  for (auto& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// One request through to the test's upstream, which has it in front of it.
struct OneRequest {
  ScriptedUpstream upstream;
  TestProxy proxy;
  std::unique_ptr<Peer> client;

  explicit OneRequest(std::string_view request, std::string_view extra = "", std::string_view pool = "")
      : proxy({&upstream}, extra, pool), client(proxy.client()) {
    client->send(request);
    EXPECT_TRUE(until([&] { return upstream.connections() > 0 && upstream.last().saw("\r\n\r\n"); }));
  }
  bool until(const std::function<bool()>& done) { return proxy.until({client.get()}, done); }
  bool answered() {
    return until([&] { return complete_response(client->received()); });
  }
};

TEST(Conversation, AGetIsForwardedAndAnswered) {
  OneRequest one(kGetWithQuery);
  EXPECT_THAT(one.upstream.last().received(), StartsWith("GET /a?b=c HTTP/1.1\r\nHost: example.com\r\n"));
  one.upstream.last().send(kHello);
  ASSERT_TRUE(one.answered());
  EXPECT_THAT(one.client->received(), StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(body_of(one.client->received()), "hello");
  EXPECT_FALSE(one.client->ended());
  EXPECT_THAT(one.proxy.log(), HasSubstr("\"outcome\":\"served\""));
}

TEST(Conversation, AConnectionIsAcceptedWithOneCall) {
  ScriptedUpstream upstream;
  upstream.always_reply(kHello);
  TestProxy proxy({&upstream});
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(body_of(proxy.converse(kGetWithQuery)), "hello");
    proxy.time().advance(std::chrono::seconds{1});
  }
  EXPECT_EQ(proxy.ops().accepts(), 5u);
}

TEST(Conversation, WhoWaitsToBeAcceptedWhenAcceptingStopsIsServed) {
  ScriptedUpstream upstream;
  upstream.always_reply(kHello);
  TestProxy proxy({&upstream});
  std::vector<std::unique_ptr<Peer>> clients;
  std::vector<Peer*> peers;
  for (int i = 0; i < 40; ++i) {
    clients.push_back(proxy.client());
    peers.push_back(clients.back().get());
    peers.back()->send(kGetWithQuery);
    peers.back()->poll();
  }
  EXPECT_TRUE(proxy.worker().accepting());
  proxy.worker().stop_accepting();
  EXPECT_TRUE(proxy.until(peers, [&] {
    return std::all_of(peers.begin(), peers.end(), [](Peer* peer) { return complete_response(peer->received()); });
  }));
  EXPECT_FALSE(proxy.worker().accepting());
  EXPECT_EQ(upstream.requests(), 40u);
}

TEST(Conversation, ForwardingFieldsAreSetAndClaimsOfTheClientOverwritten) {
  OneRequest one("GET / HTTP/1.1\r\nHost: example.com\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\n\r\n");
  const std::string seen = lower(one.upstream.last().received());
  EXPECT_THAT(seen, HasSubstr("\r\nx-forwarded-for: 127.0.0.1\r\n"));
  EXPECT_THAT(seen, HasSubstr("\r\nx-forwarded-proto: http\r\n"));
  EXPECT_THAT(seen, HasSubstr("\r\nx-forwarded-host: example.com\r\n"));
  EXPECT_THAT(seen, HasSubstr("\r\nx-request-id: "));
  EXPECT_THAT(seen, HasSubstr("\r\nvia: 1.1 frontdoor\r\n"));
  EXPECT_THAT(seen, Not(HasSubstr("1.2.3.4")));
}

TEST(Conversation, HopByHopFieldsStayOnTheirHop) {
  OneRequest one("GET / HTTP/1.1\r\nHost: e\r\nConnection: close, X-Secret\r\nX-Secret: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\n\r\n");
  const std::string seen = lower(one.upstream.last().received());
  EXPECT_THAT(seen, Not(HasSubstr("x-secret")));
  EXPECT_THAT(seen, Not(HasSubstr("keep-alive")));
  EXPECT_THAT(seen, Not(HasSubstr("connection:")));
  one.upstream.last().send("HTTP/1.1 200 OK\r\nConnection: X-Own\r\nX-Own: 2\r\nKeep-Alive: timeout=5\r\nX-Kept: 3\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(one.until([&] { return one.client->ended(); }));
  const std::string got = lower(one.client->received());
  EXPECT_THAT(got, Not(HasSubstr("x-own")));
  EXPECT_THAT(got, Not(HasSubstr("keep-alive")));
  EXPECT_THAT(got, HasSubstr("\r\nx-kept: 3\r\n"));
  EXPECT_THAT(got, HasSubstr("\r\nconnection: close\r\n"));
}

TEST(Conversation, ConnectionsAreReusedOnBothSides) {
  ScriptedUpstream upstream;
  upstream.always_reply(kHello);
  TestProxy proxy({&upstream});
  const auto client = proxy.client();
  for (int i = 0; i < 5; ++i) {
    client->forget();
    client->send(kGetWithQuery);
    ASSERT_TRUE(proxy.until({client.get()}, [&] { return complete_response(client->received()); })) << i;
  }
  EXPECT_EQ(upstream.connections(), 1u);
  EXPECT_EQ(upstream.requests(), 5u);
}

TEST(Conversation, PipelinedRequestsAreAnsweredInOrder) {
  ScriptedUpstream upstream;
  TestProxy proxy({&upstream});
  const auto client = proxy.client();
  client->send("GET /1 HTTP/1.1\r\nHost: e\r\n\r\nPOST /2 HTTP/1.1\r\nHost: e\r\nContent-Length: 3\r\n\r\nabcGET /3 HTTP/1.1\r\nHost: e\r\n\r\n");
  for (const char* target : {"GET /1 ", "POST /2 ", "GET /3 "}) {
    ASSERT_TRUE(proxy.until({client.get()}, [&] { return upstream.connections() && upstream.last().saw(target) &&
                                                         upstream.last().saw("\r\n\r\n"); }))
        << target;
    proxy.settle({client.get()});
    EXPECT_THAT(upstream.last().received(), StartsWith(target)) << "one at a time";
    upstream.last().forget();
    upstream.last().send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + std::string(1, target[std::string(target).size() - 2]));
  }
  ASSERT_TRUE(proxy.until({client.get()}, [&] { return client->saw("\r\n\r\n3"); }));
  EXPECT_LT(client->received().find("\r\n\r\n1"), client->received().find("\r\n\r\n2"));
}

std::size_t count(const std::string& text, std::string_view what) {
  std::size_t found = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
  return found;
}

// RFC 9112 §9.3.2. As `printf … | nc -N` sends them.
TEST(Conversation, PipelinedRequestsThatCameBeforeAFinAreServed) {
  ScriptedUpstream upstream;
  upstream.always_reply("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  TestProxy proxy({&upstream});
  const auto client = proxy.client();
  client->send("GET /1 HTTP/1.1\r\nHost: e\r\n\r\nGET /2 HTTP/1.1\r\nHost: e\r\n\r\nGET /3 HTTP/1.1\r\nHost: e\r\n\r\n");
  client->finish();
  ASSERT_TRUE(proxy.until({client.get()}, [&] { return client->ended(); }));
  EXPECT_EQ(count(client->received(), "HTTP/1.1 200 "), 3u) << client->received();
  EXPECT_EQ(count(client->received(), "Connection: close"), 1u) << "only the last one says so";
  EXPECT_FALSE(client->was_reset());
}

// RFC 9112 §2.2. Its CR may come long before its LF.
TEST(Conversation, AnEmptyLineMayComeInHalves) {
  ScriptedUpstream upstream;
  upstream.always_reply("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  TestProxy proxy({&upstream});
  const auto client = proxy.client();
  const auto answered = [&] { return complete_response(client->received()); };
  client->send("GET /1 HTTP/1.1\r\nHost: e\r\n\r\n");
  ASSERT_TRUE(proxy.until({client.get()}, answered));
  client->forget();
  client->send("\r");
  proxy.settle({client.get()});
  proxy.time().advance(Millis{200});
  proxy.settle({client.get()});
  client->send("\nGET /2 HTTP/1.1\r\nHost: e\r\n\r\n");
  ASSERT_TRUE(proxy.until({client.get()}, answered));
  EXPECT_THAT(client->received(), ::testing::StartsWith("HTTP/1.1 200 "));
}

// Answers of our own need no waiting, so that nothing else would end such a client's turn.
TEST(Conversation, AClientThatPipelinesWithoutEndLetsOthersHaveTheirTurn) {
  ScriptedUpstream upstream;
  TestProxy proxy({&upstream});
  const auto greedy = proxy.client();
  const auto modest = proxy.client();
  proxy.settle({greedy.get(), modest.get()});
  const std::string request = "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n";
  std::string flood;
  for (int i = 0; i < 500; ++i) flood += request;
  greedy->send(flood);
  greedy->poll();
  ASSERT_TRUE(greedy->all_sent());
  modest->send(request);
  ASSERT_TRUE(proxy.until({modest.get()}, [&] { return complete_response(modest->received()); }));
  greedy->poll();
  EXPECT_LE(count(greedy->received(), "HTTP/1.1 200"), 100u);
  EXPECT_TRUE(proxy.until({greedy.get()}, [&] { return count(greedy->received(), "HTTP/1.1 200") == 500; }));
}

std::string padded(const std::string& line, std::size_t size) {
  const std::string begin = line + "\r\nHost: a\r\nX: ";
  return begin + std::string(size - begin.size() - 4, 'x') + "\r\n\r\n";
}

// Where the pipelined heads before it fill the block of a read, the body has to find room all the same.
TEST(Conversation, ABodyHasRoomBehindPipelinedRequests) {
  constexpr std::size_t block = 64 * 1024;
  const std::string post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n";
  for (const std::size_t room : {0, 1, 7}) {
    ScriptedUpstream upstream;
    TestProxy proxy({&upstream});
    const auto client = proxy.client();
    proxy.settle({client.get()});
    const std::size_t half = (block - room - post.size()) / 2;
    const std::size_t rest = block - room - post.size() - half;
    client->send(padded("OPTIONS * HTTP/1.1", half) + padded("OPTIONS * HTTP/1.1", rest) + post);
    client->poll();
    ASSERT_TRUE(client->all_sent());
    ASSERT_TRUE(proxy.until({client.get()}, [&] { return count(client->received(), "HTTP/1.1 200") == 2; }));
    client->send(std::string(99'999, 'x') + "!");
    ASSERT_TRUE(proxy.until({client.get()}, [&] { return upstream.connections() > 0 && upstream.last().saw("!"); }))
        << room;
    upstream.last().send(kHello);
    EXPECT_TRUE(proxy.until({client.get()}, [&] { return count(client->received(), "HTTP/1.1 200") == 3; }));
  }
}

TEST(Conversation, AHeadHasNoBodyAndKeepsItsContentLength) {
  OneRequest one("HEAD / HTTP/1.1\r\nHost: e\r\n\r\n");
  one.upstream.last().send("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n");
  ASSERT_TRUE(one.until([&] { return one.client->saw("\r\n\r\n"); }));
  EXPECT_THAT(one.client->received(), HasSubstr("Content-Length: 1234\r\n"));
  one.client->forget();
  one.client->send(kGetWithQuery);  // the connection goes on
  ASSERT_TRUE(one.until([&] { return one.upstream.last().saw("GET /a"); }));
  EXPECT_EQ(one.upstream.connections(), 1u);
}

// RFC 9110 §8.6.
TEST(Conversation, AHeadIsToldNoLengthOfA204) {
  for (const char* length : {"5", "5, 5"}) {
    OneRequest one("HEAD / HTTP/1.1\r\nHost: e\r\n\r\n");
    one.upstream.last().send("HTTP/1.1 204 No Content\r\nContent-Length: " + std::string(length) + "\r\n\r\n");
    ASSERT_TRUE(one.until([&] { return one.client->saw("\r\n\r\n"); })) << length;
    EXPECT_THAT(one.client->received(), ::testing::StartsWith("HTTP/1.1 204 ")) << length;
    EXPECT_THAT(lower(one.client->received()), Not(HasSubstr("content-length"))) << length;
  }
}

TEST(Conversation, A204AndA304HaveNoBody) {
  for (const char* status : {"204 No Content", "304 Not Modified"}) {
    OneRequest one(kGetWithQuery);
    one.upstream.last().send("HTTP/1.1 " + std::string(status) + "\r\nETag: \"x\"\r\n\r\n");
    ASSERT_TRUE(one.until([&] { return one.client->saw("\r\n\r\n"); })) << status;
    EXPECT_THAT(lower(one.client->received()), Not(HasSubstr("transfer-encoding"))) << status;
    one.client->forget();
    one.client->send(kGetWithQuery);
    ASSERT_TRUE(one.until([&] { return one.upstream.last().received().find("GET /a", 10) != std::string::npos; })) << status;
  }
}

TEST(Conversation, AChunkedResponseIsRelayedAsItComes) {
  OneRequest one(kGetWithQuery);
  one.upstream.last().send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;ext=1\r\nhello\r\n");
  ASSERT_TRUE(one.until([&] { return one.client->saw("hello"); }));  // before the end is there
  EXPECT_THAT(one.client->received(), Not(HasSubstr("ext")));
  one.upstream.last().send("6\r\n world\r\n0\r\nX-Sum: 9\r\n\r\n");
  ASSERT_TRUE(one.answered());
  EXPECT_EQ(body_of(one.client->received()), "hello world");
  EXPECT_THAT(one.client->received(), HasSubstr("X-Sum: 9"));
}

TEST(Conversation, AChunkedRequestIsRelayedAsItComes) {
  OneRequest one("POST / HTTP/1.1\r\nHost: e\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  ASSERT_TRUE(one.until([&] { return one.upstream.last().saw("abc"); }));
  one.client->send("4\r\ndefg\r\n0\r\n\r\n");
  ASSERT_TRUE(one.until([&] { return one.upstream.last().saw("\r\n0\r\n\r\n"); }));
  one.upstream.last().send(kHello);
  ASSERT_TRUE(one.answered());
  EXPECT_FALSE(one.client->ended());
}

TEST(Conversation, AResponseThatEndsWithItsConnectionBecomesChunked) {
  OneRequest one(kGetWithQuery);
  one.upstream.last().send("HTTP/1.0 200 OK\r\n\r\nold style");
  ASSERT_TRUE(one.until([&] { return one.client->saw("old style"); }));
  one.upstream.last().close();
  ASSERT_TRUE(one.answered());
  EXPECT_EQ(body_of(one.client->received()), "old style");
  EXPECT_FALSE(one.client->ended());
}

TEST(Conversation, AnHttp10ClientGetsNoChunksAndNo1xx) {
  OneRequest one("GET / HTTP/1.0\r\n\r\n");
  one.upstream.last().send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
  one.upstream.last().send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
  ASSERT_TRUE(one.until([&] { return one.client->ended(); }));
  EXPECT_THAT(one.client->received(), Not(HasSubstr("103")));
  EXPECT_THAT(lower(one.client->received()), Not(HasSubstr("chunked")));
  EXPECT_THAT(one.client->received(), ::testing::EndsWith("\r\n\r\nhello"));
}

TEST(Conversation, AnHttp10ClientMayKeepItsConnection) {
  OneRequest one("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  one.upstream.last().send(kHello);
  ASSERT_TRUE(one.answered());
  EXPECT_THAT(one.client->received(), HasSubstr("Connection: keep-alive\r\n"));
  one.proxy.settle({one.client.get()});
  EXPECT_FALSE(one.client->ended());
}

TEST(Conversation, EarlyHintsAndContinueAreRelayed) {
  OneRequest one("POST / HTTP/1.1\r\nHost: e\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_THAT(one.upstream.last().received(), HasSubstr("Expect: 100-continue\r\n"));
  one.upstream.last().send("HTTP/1.1 100 Continue\r\n\r\n");
  ASSERT_TRUE(one.until([&] { return one.client->saw("HTTP/1.1 100 Continue\r\n"); }));
  one.client->send("abc");
  ASSERT_TRUE(one.until([&] { return one.upstream.last().saw("abc"); }));
  one.upstream.last().send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n");
  one.upstream.last().send(kHello);
  ASSERT_TRUE(one.answered());
  EXPECT_THAT(one.client->received(), HasSubstr("103 Early Hints\r\nLink: </a.css>\r\n"));
  EXPECT_EQ(body_of(one.client->received()), "hello");
}

TEST(Conversation, AnEarlyResponseReachesTheClientDuringItsUpload) {
  OneRequest one("POST / HTTP/1.1\r\nHost: e\r\nContent-Length: 1000000\r\n\r\nonly the beginning");
  one.upstream.last().send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig");
  ASSERT_TRUE(one.answered());
  EXPECT_THAT(one.client->received(), StartsWith("HTTP/1.1 413 "));
  // What the client still sends is no next request: the connection ends.
  ASSERT_TRUE(one.until([&] { return one.client->ended(); }));
  EXPECT_TRUE(one.until([&] { return one.upstream.last().ended(); }));
}

TEST(Conversation, AnAnswerBeforeAShortBodyDoesNotCostTheConnection) {
  OneRequest one("POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 3\r\n\r\n1");
  one.upstream.last().send(kHello);
  ASSERT_TRUE(one.answered());
  one.client->forget();
  one.client->send(std::string("23") + kGetWithQuery);
  ASSERT_TRUE(one.until([&] { return one.upstream.connections() == 2 && one.upstream.last().saw("\r\n\r\n"); }));
  EXPECT_THAT(one.upstream.last().received(), StartsWith("GET /a?b=c ")) << "on a fresh connection to the upstream";
  one.upstream.last().send(kHello);
  ASSERT_TRUE(one.answered());
  EXPECT_FALSE(one.client->ended());
}

TEST(Conversation, ABodyThatDoesNotComeAfterItsAnswerEndsTheConnection) {
  OneRequest one("POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 3\r\n\r\n1");
  one.upstream.last().send(kHello);
  ASSERT_TRUE(one.answered());
  one.proxy.settle({one.client.get()});
  one.proxy.time().advance(Millis{5'100});
  EXPECT_TRUE(one.until([&] { return one.client->ended(); }));
}

// Whoever will close says so, or the client's next request meets an end that it could not expect.
TEST(Conversation, AnEarlyAnswerToALongBodyAnnouncesTheClose) {
  struct {
    const char* framing;
    bool closes;
  } const cases[] = {
      {"Content-Length: 150000", true}, {"Content-Length: 60000", false}, {"Transfer-Encoding: chunked", false}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.framing);
    OneRequest one("POST / HTTP/1.1\r\nHost: e\r\n" + std::string(c.framing) + "\r\n\r\n");
    one.upstream.last().send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno");
    ASSERT_TRUE(one.answered());
    EXPECT_EQ(one.client->saw("Connection: close\r\n"), c.closes);
  }
}

// A chunked body does not tell how long it is: it is read on for a while, so that the connection lives.
TEST(Conversation, AnEarlyAnswerToAChunkedUploadKeepsTheConnection) {
  OneRequest one("POST / HTTP/1.1\r\nHost: e\r\nTransfer-Encoding: chunked\r\n\r\n");
  one.upstream.last().send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno");
  ASSERT_TRUE(one.answered());
  one.client->forget();
  for (int i = 0; i < 15; ++i) one.client->send("2710\r\n" + std::string(10'000, 'x') + "\r\n");
  one.client->send(std::string("0\r\n\r\n") + kGetWithQuery);
  ASSERT_TRUE(one.until([&] { return one.upstream.connections() == 2 && one.upstream.last().saw("\r\n\r\n"); }));
  one.upstream.last().send(kHello);
  ASSERT_TRUE(one.answered());
  EXPECT_EQ(body_of(one.client->received()), "hello");
}

TEST(Conversation, AnEchoThatAnswersWhileItReadsFlowsBothWays) {
  OneRequest one("POST / HTTP/1.1\r\nHost: e\r\nTransfer-Encoding: chunked\r\n\r\n");
  one.upstream.last().send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 10; ++i) {
    const std::string word = "word" + std::to_string(i);
    one.client->send("5\r\n" + word + "\r\n");
    ASSERT_TRUE(one.until([&] { return one.upstream.last().saw(word); })) << i;
    one.upstream.last().send("5\r\n" + word + "\r\n");
    ASSERT_TRUE(one.until([&] { return one.client->saw(word); })) << i;
  }
  one.client->send("0\r\n\r\n");
  one.upstream.last().send("0\r\n\r\n");
  ASSERT_TRUE(one.answered());
}

TEST(Conversation, BodiesAreNotBufferedWhole) {
  OneRequest one(kGetWithQuery);
  one.client->pause_reading(true);
  constexpr int kPieces = 24;  // MiB: more than both sockets' buffers hold
  const std::string piece(1 << 20, 'x');
  one.upstream.last().send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kPieces * piece.size()) + "\r\n\r\n");
  for (int i = 0; i < kPieces; ++i) one.upstream.last().send(piece);
  one.proxy.settle({one.client.get()});
  EXPECT_FALSE(one.upstream.last().all_sent()) << "the client does not read, so neither do we";
  EXPECT_LE(one.proxy.worker().buffers_in_use(), 3u);
  one.client->pause_reading(false);
  ASSERT_TRUE(one.answered());
  EXPECT_EQ(body_of(one.client->received()).size(), kPieces * piece.size());
}

TEST(Conversation, AnIdleConnectionHoldsNoBuffer) {
  ScriptedUpstream upstream;
  upstream.always_reply(kHello);
  TestProxy proxy({&upstream});
  const auto client = proxy.client();
  client->send(kGetWithQuery);
  ASSERT_TRUE(proxy.until({client.get()}, [&] { return complete_response(client->received()); }));
  proxy.settle({client.get()});
  EXPECT_EQ(proxy.worker().buffers_in_use(), 0u);
  proxy.time().advance(Millis{200});  // parked now
  proxy.settle({client.get()});
  client->forget();
  client->send(kGetWithQuery);
  EXPECT_TRUE(proxy.until({client.get()}, [&] { return complete_response(client->received()); }));
}

TEST(Conversation, OptionsOfTheServerAreAnsweredByIt) {
  ScriptedUpstream upstream;
  TestProxy proxy({&upstream});
  for (const char* head : {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
                           "OPTIONS /a HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n"}) {
    const auto answer = proxy.converse(head);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(answer, HasSubstr("\r\nAllow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n"));
    EXPECT_THAT(answer, HasSubstr("\r\nContent-Length: 0\r\n"));
    EXPECT_THAT(answer, Not(HasSubstr("Connection: close")));
  }
  EXPECT_EQ(upstream.connections(), 0u);
  EXPECT_THAT(proxy.log(), HasSubstr("\"outcome\":\"answered\""));
}

TEST(Conversation, ATraceThatEndsHereIsNotSentBack) {
  ScriptedUpstream upstream;
  TestProxy proxy({&upstream});
  const auto answer = proxy.converse("TRACE / HTTP/1.1\r\nHost: a\r\nCookie: secret\r\nMax-Forwards: 0\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(answer, HasSubstr("\r\nAllow: GET"));
  EXPECT_THAT(answer, Not(HasSubstr("secret")));
  EXPECT_EQ(upstream.connections(), 0u);
}

TEST(Conversation, OptionsWithHopsLeftGoOnWithOneLess) {
  OneRequest one("OPTIONS /a HTTP/1.1\r\nHost: a\r\nMax-Forwards: 3\r\n\r\n");
  EXPECT_THAT(one.upstream.last().received(), HasSubstr("\r\nMax-Forwards: 2\r\n"));
}

TEST(Conversation, TheRouteDecidesByHostAndPath) {
  ScriptedUpstream api;
  ScriptedUpstream app;
  api.always_reply("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\napi");
  app.always_reply("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\napp");
  TestProxy proxy({&app, &api});  // both are polled; the config below tells them apart
  proxy.publish("listen = \"127.0.0.1:0\"\n"
                "[[route]]\nhost = \"api.example.com\"\npath = \"/v1/*\"\npool = \"api\"\n"
                "[[route]]\nhost = \"*.example.com\"\npool = \"app\"\n"
                "[pool.api]\nupstreams = [\"" + api.address() + "\"]\n"
                "[pool.app]\nupstreams = [\"" + app.address() + "\"]\n");
  struct {
    const char* host;
    const char* target;
    const char* expected;
  } cases[] = {{"api.example.com", "/v1/x", "api"},        {"API.example.com.:80", "/v1/x", "api"},
               {"api.example.com", "/v1/./a/../x", "api"},  {"api.example.com", "/%761/x", "api"},
               {"api.example.com", "/v2", "app"},           {"a.b.example.com", "/", "app"}};
  for (const auto& c : cases) {
    const auto answer = proxy.converse("GET " + std::string(c.target) + " HTTP/1.1\r\nHost: " + c.host + "\r\n\r\n");
    EXPECT_EQ(body_of(answer), c.expected) << c.host << c.target << "\n" << answer;
  }
  EXPECT_THAT(proxy.converse("GET / HTTP/1.1\r\nHost: other.org\r\n\r\n"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(proxy.converse("GET /../x HTTP/1.1\r\nHost: a.example.com\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
}

// Express and others route by the target as it comes, which is as we have got it.
TEST(Conversation, AnAppThatKeepsDotSegmentsIsNotLedToAnotherRoute) {
  ScriptedUpstream app;
  app.always_reply("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\napp");
  TestProxy proxy({&app});
  const std::string routes[] = {"[[route]]\npath = \"/public/*\"\npool = \"app\"\n",
                                "[[route]]\npath = \"/admin/*\"\npool = \"app\"\n"};
  const struct {
    const char* target;
    int with_public;  // the only route
    int with_both;
  } cases[] = {
      {"/public/a", 200, 200},           {"/public/./a/../b", 200, 200},          {"/public/%2e/a", 200, 200},
      {"/admin/../public/a", 400, 400},  {"/admin/%2e%2E/public/a", 400, 400},    {"/./public/a", 200, 200},
      {"/public/../admin/a", 404, 400},  {"/public/../admin/../public/a", 200, 200}, {"/%61dmin/../public/a", 400, 400},
      {"/public/..%2fadmin", 400, 400},  {"/public//../admin", 400, 400},         {"/p%75blic/x/../y", 200, 200},
  };
  for (const bool both : {false, true}) {
    proxy.publish("listen = \"127.0.0.1:0\"\n" + routes[0] + (both ? routes[1] : "") +
                  "[pool.app]\nupstreams = [\"" + app.address() + "\"]\n");
    for (const auto& c : cases) {
      const auto answer = proxy.converse("GET " + std::string(c.target) + " HTTP/1.1\r\nHost: a\r\n\r\n");
      const int want = both ? c.with_both : c.with_public;
      EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + std::to_string(want) + " ")) << c.target << " " << both;
    }
  }
}

}  // namespace
}  // namespace frontdoor::testing
