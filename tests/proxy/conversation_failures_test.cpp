// Conversations that go wrong: what is tried again, what the client is told, which timeout ends what.

#include <gtest/gtest.h>

#include "support/messages.h"
#include "support/test_proxy.h"

namespace frontdoor::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Talk {
  ScriptedUpstream first;
  ScriptedUpstream second;
  TestProxy proxy;
  std::unique_ptr<Peer> client;

  explicit Talk(std::string_view extra = "", std::string_view pool = "")
      : proxy({&first, &second}, extra, pool), client(proxy.client()) {}
  bool until(const std::function<bool()>& done) { return proxy.until({client.get()}, done); }
  bool answered() {
    return until([&] { return complete_response(client->received()); });
  }
  // The upstream's newest connection has a whole head in front of it.
  bool asked(ScriptedUpstream& upstream) {
    return until([&] { return upstream.connections() > 0 && upstream.last().saw("\r\n\r\n"); });
  }
  void pass(Duration time) {
    proxy.settle({client.get()});
    proxy.time().advance(time);
    proxy.settle({client.get()});
  }
};

TEST(Failure, ARefusedConnectMovesOnAndEvictsAtOnce) {
  for (const char* request : {kGet, kPost}) {  // nothing was sent: any method may go elsewhere
    Talk talk;
    talk.first.stop_listening();
    talk.second.always_reply(kHello);
    talk.client->send(request);
    ASSERT_TRUE(talk.answered());
    EXPECT_EQ(body_of(talk.client->received()), "hello");
    EXPECT_EQ(talk.proxy.refusals(), 1u);
    EXPECT_FALSE(talk.proxy.upstream(0).available());
    EXPECT_THAT(talk.proxy.log(), HasSubstr("\"tries\":2"));
  }
}

TEST(Failure, AllDownIs503WithRetryAfter) {
  Talk talk("", "hold.timeout = \"0s\"");
  talk.first.stop_listening();
  talk.second.stop_listening();
  talk.client->send(kGet);
  ASSERT_TRUE(talk.answered());
  EXPECT_THAT(talk.client->received(), StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(talk.client->received(), HasSubstr("Retry-After: "));
  EXPECT_THAT(talk.proxy.log(), HasSubstr("\"outcome\":\"no_upstream\""));
}

TEST(Failure, AStaleConnectionIsReplayedOnAFreshOneWhenThatIsSafe) {
  struct {
    const char* request;
    const char* status;
  } cases[] = {{kGet, "HTTP/1.1 200 "}, {kPut, "HTTP/1.1 200 "}, {kPost, "HTTP/1.1 502 "}};
  for (const auto& c : cases) {
    ScriptedUpstream upstream;
    TestProxy proxy({&upstream});
    const auto client = proxy.client();
    client->send(kGet);
    ASSERT_TRUE(proxy.until({client.get()}, [&] { return upstream.connections() == 1 && upstream.last().saw("\r\n\r\n"); }));
    upstream.last().send(kHello);
    ASSERT_TRUE(proxy.until({client.get()}, [&] { return complete_response(client->received()); }));
    client->forget();
    // The race itself: the request is on its way when the upstream closes.
    Peer& stale = upstream.connection(0);
    stale.forget();
    client->send(c.request);
    ASSERT_TRUE(proxy.until({client.get()}, [&] { return stale.saw("\r\n\r\n"); }));
    stale.close();
    ASSERT_TRUE(proxy.until({client.get()}, [&] {
      if (upstream.connections() == 2 && upstream.last().saw("\r\n\r\n")) {
        upstream.last().forget();
        upstream.last().send(kHello);
      }
      return complete_response(client->received());
    }));
    EXPECT_THAT(client->received(), StartsWith(c.status)) << c.request;
    EXPECT_TRUE(proxy.upstream(0).available()) << "a close is not a death";
  }
}

TEST(Failure, APostLooksBeforeItUsesAnIdleConnection) {
  ScriptedUpstream upstream;
  upstream.always_reply(kHello);
  TestProxy proxy({&upstream});
  const auto client = proxy.client();
  client->send(kGet);
  ASSERT_TRUE(proxy.until({client.get()}, [&] { return complete_response(client->received()); }));
  client->forget();
  upstream.connection(0).close();
  client->send(kPost);  // in the same instant: epoll has not told of the close yet
  ASSERT_TRUE(proxy.until({client.get()}, [&] { return complete_response(client->received()); }));
  EXPECT_THAT(client->received(), StartsWith("HTTP/1.1 200 "));
}

TEST(Failure, AResetBeforeTheAnswerIsReplayedElsewhereForIdempotentMethods) {
  struct {
    const char* request;
    const char* status;
  } cases[] = {{kGet, "HTTP/1.1 200 "}, {kPut, "HTTP/1.1 200 "}, {kPost, "HTTP/1.1 502 "}};
  for (const auto& c : cases) {
    Talk talk;
    talk.second.always_reply(kHello);
    talk.client->send(c.request);
    ASSERT_TRUE(talk.asked(talk.first));
    ASSERT_TRUE(talk.until([&] { return talk.first.last().saw("abc") || std::string_view(c.request) == kGet; }));
    talk.first.last().reset();
    ASSERT_TRUE(talk.answered()) << c.request;
    EXPECT_THAT(talk.client->received(), StartsWith(c.status)) << c.request;
    EXPECT_TRUE(talk.proxy.upstream(0).available()) << "any client could evict every upstream otherwise";
    if (std::string_view(c.request) == kPut) {
      EXPECT_EQ(talk.second.requests(), 1u);
    }
  }
}

TEST(Failure, ASilentUpstreamIsGivenUpForAnotherByAGetOnly) {
  Talk talk("[timeouts]\nresponse_header = \"2s\"\n");
  talk.second.always_reply(kHello);
  talk.client->send(kGet);
  ASSERT_TRUE(talk.asked(talk.first));
  talk.pass(std::chrono::seconds{3});
  ASSERT_TRUE(talk.answered());
  EXPECT_THAT(talk.client->received(), StartsWith("HTTP/1.1 200 "));

  Talk put("[timeouts]\nresponse_header = \"2s\"\n");
  put.second.always_reply(kHello);
  put.client->send(kPut);
  ASSERT_TRUE(put.asked(put.first));
  put.pass(std::chrono::seconds{3});
  ASSERT_TRUE(put.answered());
  EXPECT_THAT(put.client->received(), StartsWith("HTTP/1.1 504 "));
  EXPECT_THAT(put.proxy.log(), HasSubstr("\"outcome\":\"response_header_timeout\""));
}

TEST(Failure, ATruncatedResponseIsNeverMadeToLookWhole) {
  struct {
    const char* head;
    const char* what;
  } cases[] = {{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart", "length"},
               {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n", "chunked"}};
  for (const auto& c : cases) {
    Talk talk;
    talk.client->send(kGet);
    ASSERT_TRUE(talk.asked(talk.first));
    talk.first.last().send(c.head);
    ASSERT_TRUE(talk.until([&] { return talk.client->saw("part"); }));
    talk.first.last().close();
    ASSERT_TRUE(talk.until([&] { return talk.client->ended(); })) << c.what;
    EXPECT_FALSE(complete_response(talk.client->received())) << c.what;
    EXPECT_THAT(talk.proxy.log(), HasSubstr("\"outcome\":\"response_truncated\""));
  }
}

// An end that is seen with the head, before a byte was passed on. What only its end delimits is whole with a FIN.
TEST(Failure, AnAnswerThatIsCutBehindItsHeadIsNoneYet) {
  constexpr const char* kOfTen = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n";
  constexpr const char* kUntilClose = "HTTP/1.1 200 OK\r\n\r\n";
  enum class End : bool { Fin, Reset };
  struct {
    const char* request;
    const char* answer;
    End end;
    const char* status;
    std::size_t by_second;
  } cases[] = {{kGet, kOfTen, End::Fin, "HTTP/1.1 200 ", 1},       {kGet, kOfTen, End::Reset, "HTTP/1.1 200 ", 1},
               {kGet, kUntilClose, End::Reset, "HTTP/1.1 200 ", 1}, {kPost, kOfTen, End::Fin, "HTTP/1.1 502 ", 0},
               {kPost, kUntilClose, End::Reset, "HTTP/1.1 502 ", 0}, {kGet, kUntilClose, End::Fin, "HTTP/1.1 200 ", 0}};
  for (const auto& c : cases) {
    SCOPED_TRACE(std::string(c.request) + c.answer + (c.end == End::Fin ? "FIN" : "RST"));
    Talk talk;
    talk.second.always_reply(kHello);
    talk.client->send(c.request);
    ASSERT_TRUE(talk.asked(talk.first));
    ASSERT_TRUE(talk.until([&] { return talk.first.last().saw("abc") || std::string_view(c.request) == kGet; }));
    talk.proxy.settle({talk.client.get()});
    Peer& upstream = talk.first.last();
    upstream.send(c.answer);
    upstream.poll();
    if (c.end == End::Fin) upstream.close();
    else upstream.reset();
    ASSERT_TRUE(talk.answered());
    EXPECT_THAT(talk.client->received(), StartsWith(c.status));
    EXPECT_EQ(talk.second.requests(), c.by_second);
  }
}

TEST(Failure, AHeadWhoseBodyWaitsIsPassedOnAtOnce) {
  for (const char* head : {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n",
                           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
    Talk talk;
    talk.client->send(kGet);
    ASSERT_TRUE(talk.asked(talk.first));
    talk.first.last().send(head);
    EXPECT_TRUE(talk.until([&] { return talk.client->saw("\r\n\r\n"); })) << head;
  }
}

TEST(Failure, AnHttp10ClientIsResetWhenItsResponseIsCut) {
  Talk talk;
  talk.client->send("GET / HTTP/1.0\r\n\r\n");
  ASSERT_TRUE(talk.asked(talk.first));
  talk.first.last().send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n");
  ASSERT_TRUE(talk.until([&] { return talk.client->saw("part"); }));
  talk.first.last().close();
  ASSERT_TRUE(talk.until([&] { return talk.client->ended(); }));
  EXPECT_TRUE(talk.client->was_reset()) << "a FIN would say: complete";
}

TEST(Failure, ABrokenResponseIs502AndItsConnectionIsNotUsedAgain) {
  for (const char* response : {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", "garbage\r\n\r\n",
                               "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
                               "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"}) {
    Talk talk;
    talk.client->send(kGet);
    ASSERT_TRUE(talk.asked(talk.first));
    talk.first.last().send(response);
    ASSERT_TRUE(talk.answered()) << response;
    EXPECT_THAT(talk.client->received(), StartsWith("HTTP/1.1 502 ")) << response;
    EXPECT_TRUE(talk.until([&] { return talk.first.last().ended(); })) << response;
    EXPECT_THAT(talk.proxy.log(), HasSubstr("\"outcome\":\"invalid_response\""));
  }
}

TEST(Failure, BytesBehindAResponseEndItsConnection) {
  ScriptedUpstream upstream;
  TestProxy proxy({&upstream});
  const auto client = proxy.client();
  client->send(kGet);
  ASSERT_TRUE(proxy.until({client.get()}, [&] { return upstream.connections() == 1 && upstream.last().saw("\r\n\r\n"); }));
  upstream.last().send(std::string(kHello) + "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison");
  ASSERT_TRUE(proxy.until({client.get()}, [&] { return complete_response(client->received()); }));
  EXPECT_EQ(body_of(client->received()), "hello");
  client->forget();
  client->send(kGet);
  ASSERT_TRUE(proxy.until({client.get()}, [&] { return upstream.connections() == 2 && upstream.last().saw("\r\n\r\n"); }));
  upstream.last().send(kHello);
  ASSERT_TRUE(proxy.until({client.get()}, [&] { return complete_response(client->received()); }));
  EXPECT_EQ(body_of(client->received()), "hello");
}

TEST(Failure, AClientThatResetsCancelsItsRequest) {
  Talk talk;
  talk.client->send(kGet);
  ASSERT_TRUE(talk.asked(talk.first));
  talk.client->reset();
  EXPECT_TRUE(talk.until([&] { return talk.first.last().ended(); }));
  EXPECT_EQ(talk.proxy.upstream(0).in_flight(), 0u);
  EXPECT_THAT(talk.proxy.log(), HasSubstr("\"outcome\":\"client_closed\""));
}

TEST(Failure, AClientThatOnlyFinishesStillGetsItsAnswer) {
  Talk talk;
  talk.client->send(kGet);
  talk.client->finish();
  ASSERT_TRUE(talk.asked(talk.first));
  talk.pass(std::chrono::milliseconds{900});
  talk.first.last().send(kHello);
  ASSERT_TRUE(talk.until([&] { return talk.client->ended(); }));
  EXPECT_EQ(body_of(talk.client->received()), "hello");

  Talk impatient;  // …but not for ever
  impatient.client->send(kGet);
  impatient.client->finish();
  ASSERT_TRUE(impatient.asked(impatient.first));
  impatient.pass(std::chrono::milliseconds{1'100});
  EXPECT_TRUE(impatient.until([&] { return impatient.client->ended() && impatient.first.last().ended(); }));
}

TEST(Failure, ARequestWhoseBodyBreaksOffIsCancelled) {
  Talk talk;
  talk.client->send("POST / HTTP/1.1\r\nHost: e\r\nContent-Length: 10\r\n\r\nabc");
  ASSERT_TRUE(talk.until([&] { return talk.first.connections() && talk.first.last().saw("abc"); }));
  talk.client->finish();
  EXPECT_TRUE(talk.until([&] { return talk.first.last().ended(); }));
  EXPECT_THAT(talk.proxy.log(), HasSubstr("\"outcome\":\"client_closed\""));
}

// A 502 whose cause nobody can see is half a log.
TEST(Failure, TheCauseOfAnInvalidResponseIsLoggedAndCounted) {
  Talk talk;
  talk.client->send(kGet);
  ASSERT_TRUE(talk.asked(talk.first));
  talk.first.last().send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello");
  ASSERT_TRUE(talk.answered());
  EXPECT_THAT(talk.client->received(), StartsWith("HTTP/1.1 502 "));
  const auto kinds = talk.proxy.malformed().take();
  ASSERT_EQ(kinds.size(), 1u);
  EXPECT_EQ(kinds[0].upstream, talk.first.address());
  EXPECT_EQ(kinds[0].outcome, "invalid_response");
  ASSERT_FALSE(kinds[0].detail.empty());
  EXPECT_THAT(talk.proxy.log(),
              HasSubstr("\"outcome\":\"invalid_response\",\"detail\":\"" + std::string(kinds[0].detail) + "\""));
}

TEST(Failure, TheCauseOfACutResponseIsLogged) {
  Talk talk;
  talk.client->send(kGet);
  ASSERT_TRUE(talk.asked(talk.first));
  talk.first.last().send("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello");
  ASSERT_TRUE(talk.until([&] { return talk.client->saw("hello"); }));
  talk.first.last().finish();
  ASSERT_TRUE(talk.until([&] { return talk.client->ended(); }));
  EXPECT_THAT(talk.proxy.log(), HasSubstr("\"outcome\":\"response_truncated\",\"detail\":\"connection closed"));
}

TEST(Failure, ARefusedHeadIsLoggedWithWhatItAskedFor) {
  const std::string long_target = "/" + std::string(9'000, 'x');
  const struct {
    std::string request;
    const char* outcome;
    std::string fields;
  } cases[] = {
      {"GET /a HTTP/1.1\r\nHost: e\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "bad_request",
       "\"method\":\"GET\",\"host\":\"e\",\"target\":\"/a\""},
      {"PUT " + long_target + " HTTP/1.1\r\nHost: e\r\n\r\n", "uri_too_long",
       "\"method\":\"PUT\",\"host\":\"e\",\"target\":\"" + long_target.substr(0, 1024) + "\""},
      {"GET /many HTTP/1.1\r\nHost: e\r\nX-Long: " + std::string(40'000, 'x') + "\r\n\r\n", "headers_too_large",
       "\"method\":\"GET\",\"host\":\"e\",\"target\":\"/many\""},
  };
  for (const auto& c : cases) {
    Talk talk;
    talk.client->send(c.request);
    ASSERT_TRUE(talk.answered()) << c.outcome;
    const std::string log = talk.proxy.log();
    EXPECT_THAT(log, HasSubstr(c.fields)) << c.outcome;
    EXPECT_THAT(log, HasSubstr("\"outcome\":\"" + std::string(c.outcome) + "\",\"detail\":\""));
    const auto kinds = talk.proxy.malformed().take();
    ASSERT_EQ(kinds.size(), 1u);
    EXPECT_EQ(kinds[0].outcome, c.outcome);
    EXPECT_EQ(kinds[0].upstream, "");
  }
}

TEST(Failure, AHeadThatDoesNotComeIsLoggedWithWhatHasCome) {
  Talk talk;
  talk.client->send("GET /slow HTTP/1.1\r\nHost: e\r\nX-");
  talk.pass(std::chrono::seconds{11});
  ASSERT_TRUE(talk.answered());
  EXPECT_THAT(talk.client->received(), StartsWith("HTTP/1.1 408 "));
  EXPECT_THAT(talk.proxy.log(), HasSubstr("\"method\":\"GET\",\"host\":\"e\",\"target\":\"/slow\""));
  EXPECT_TRUE(talk.proxy.malformed().take().empty()) << "slow, but no nonsense";
}

// So that whoever sees a response finds it in the logs; an upstream's own field of that name gives way.
TEST(RequestId, IsToldInResponsesWhereTheListenerSaysSo) {
  for (const bool told : {true, false}) {
    const std::string listener = told ? "[[listener]]\naddress = \"127.0.0.1:0\"\nrequest_id_header = \"X-Request-Id\"\n" : "";
    Talk talk(listener);
    talk.client->send(kGet);
    ASSERT_TRUE(talk.asked(talk.first));
    talk.first.last().send("HTTP/1.1 200 OK\r\nx-request-id: theirs\r\nContent-Length: 5\r\n\r\nhello");
    ASSERT_TRUE(talk.answered());
    const std::string got = talk.client->received();
    EXPECT_EQ(got.find("theirs") == std::string::npos, told);
    EXPECT_EQ(talk.client->saw("X-Request-Id: "), told);
    if (!told) continue;
    const std::string id = got.substr(got.find("X-Request-Id: ") + 14, 32);
    EXPECT_THAT(talk.proxy.log(), HasSubstr("\"request_id\":\"" + id + "\""));

    talk.client->forget();  // also in what is our own
    talk.client->send("OPTIONS * HTTP/1.1\r\nHost: e\r\n\r\n");
    ASSERT_TRUE(talk.answered());
    EXPECT_TRUE(talk.client->saw("X-Request-Id: "));
    talk.client->forget();
    talk.client->send("nonsense\r\n\r\n");
    ASSERT_TRUE(talk.answered());
    EXPECT_TRUE(talk.client->saw("X-Request-Id: "));
  }
}

TEST(Failure, AMalformedChunkIs400AndTheUpstreamSeesNoEnd) {
  Talk talk;
  talk.client->send("POST / HTTP/1.1\r\nHost: e\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  ASSERT_TRUE(talk.until([&] { return talk.first.connections() && talk.first.last().saw("abc"); }));
  talk.client->send("-1\r\n");
  ASSERT_TRUE(talk.until([&] { return talk.client->ended(); }));
  EXPECT_THAT(talk.client->received(), StartsWith("HTTP/1.1 400 "));
  EXPECT_TRUE(talk.until([&] { return talk.first.last().ended(); }));
  EXPECT_FALSE(talk.first.last().saw("0\r\n\r\n"));
}

TEST(Failure, TimeoutsEndWhatTheyShould) {
  {
    Talk talk;  // a head that never completes
    talk.client->send("GET / HTTP/1.1\r\nHo");
    talk.pass(std::chrono::seconds{11});
    ASSERT_TRUE(talk.until([&] { return talk.client->ended(); }));
    EXPECT_THAT(talk.client->received(), StartsWith("HTTP/1.1 408 "));
  }
  {
    Talk talk;  // a body that stops
    talk.client->send("POST / HTTP/1.1\r\nHost: e\r\nContent-Length: 10\r\n\r\nabc");
    ASSERT_TRUE(talk.asked(talk.first));
    talk.pass(std::chrono::seconds{31});
    ASSERT_TRUE(talk.answered());
    EXPECT_THAT(talk.client->received(), StartsWith("HTTP/1.1 408 "));
  }
  {
    Talk talk;  // a response that stops
    talk.client->send(kGet);
    ASSERT_TRUE(talk.asked(talk.first));
    talk.first.last().send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    ASSERT_TRUE(talk.until([&] { return talk.client->saw("abc"); }));
    talk.pass(std::chrono::seconds{31});
    ASSERT_TRUE(talk.until([&] { return talk.client->ended(); }));
    EXPECT_THAT(talk.proxy.log(), HasSubstr("\"outcome\":\"response_body_timeout\""));
  }
  {
    Talk talk;  // an idle connection
    talk.proxy.settle({talk.client.get()});
    talk.pass(std::chrono::seconds{61});
    EXPECT_TRUE(talk.until([&] { return talk.client->ended(); }));
    EXPECT_EQ(talk.client->received(), "");
  }
}

TEST(Failure, LimitsAreAnsweredWithTheirStatus) {
  struct {
    std::string request;
    const char* status;
  } cases[] = {
      {"GET /" + std::string(9'000, 'a') + " HTTP/1.1\r\nHost: e\r\n\r\n", "HTTP/1.1 414 "},
      {"GET / HTTP/1.1\r\nHost: e\r\nX: " + std::string(40'000, 'a') + "\r\n\r\n", "HTTP/1.1 431 "},
      {"POST / HTTP/1.1\r\nHost: e\r\nContent-Length: 2000\r\n\r\n", "HTTP/1.1 413 "},
      {"POST / HTTP/1.1\r\nHost: e\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" + std::string(2000, 'b') + "\r\n", "HTTP/1.1 413 "},
      {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "},
      {"GET / HTTP/3.0\r\nHost: e\r\n\r\n", "HTTP/1.1 505 "},
  };
  for (const auto& c : cases) {
    Talk talk("[limits]\nbody_bytes = \"1KiB\"\n");
    talk.client->send(c.request);
    ASSERT_TRUE(talk.until([&] { return talk.client->ended(); })) << c.status;
    EXPECT_THAT(talk.client->received(), StartsWith(c.status)) << c.request.substr(0, 40);
  }
}

TEST(Failure, AConnectionThatIsDoneIsClosedAtOnceAndOthersLinger) {
  Talk done;
  done.first.always_reply(kHello);
  done.client->send("GET / HTTP/1.1\r\nHost: e\r\nConnection: close\r\n\r\n");
  ASSERT_TRUE(done.answered());
  EXPECT_TRUE(done.until([&] { return done.proxy.worker().open_connections() == 0; })) << "nothing more can come";

  Talk sending;
  sending.first.always_reply(kHello);
  sending.client->send("POST / HTTP/1.1\r\nHost: e\r\nContent-Length: 100\r\n\r\nabc");
  ASSERT_TRUE(sending.answered());
  sending.proxy.settle({sending.client.get()});
  EXPECT_EQ(sending.proxy.worker().open_connections(), 1u) << "the rest of the body would turn our close into a reset";
  sending.pass(std::chrono::seconds{6});  // the connection would live on if the body came
  sending.pass(std::chrono::seconds{6});
  EXPECT_EQ(sending.proxy.worker().open_connections(), 0u);
}

TEST(Failure, DrainingAnnouncesTheEndWithTheNextResponse) {
  Talk talk;
  talk.first.always_reply(kHello);
  talk.second.always_reply(kHello);
  talk.client->send(kGet);
  ASSERT_TRUE(talk.answered());
  talk.client->forget();
  talk.proxy.worker().drain({talk.proxy.time().now(), talk.proxy.time().now() + std::chrono::seconds{25}});
  talk.proxy.settle({talk.client.get()});
  EXPECT_FALSE(talk.client->ended()) << "an idle connection is not cut";
  talk.client->send(kGet);
  ASSERT_TRUE(talk.until([&] { return talk.client->ended(); }));
  EXPECT_THAT(talk.client->received(), HasSubstr("Connection: close\r\n"));
  EXPECT_EQ(body_of(talk.client->received()), "hello");
}

TEST(Failure, AReloadCutsNothing) {
  Talk talk;
  talk.client->send(kGet);
  ASSERT_TRUE(talk.asked(talk.first));
  talk.proxy.publish("listen = \"127.0.0.1:0\"\n[pool.app]\nupstreams = [\"" + talk.second.address() + "\"]\n");
  talk.proxy.settle({talk.client.get()});
  talk.first.last().send(kHello);
  ASSERT_TRUE(talk.answered());
  EXPECT_EQ(body_of(talk.client->received()), "hello");
  talk.client->forget();
  talk.second.always_reply(kHello);
  talk.client->send(kGet);
  ASSERT_TRUE(talk.answered());
  EXPECT_EQ(talk.second.requests(), 1u);
  EXPECT_TRUE(talk.until([&] { return talk.first.last().ended(); })) << "its idle connection goes with the old snapshot";
}

}  // namespace
}  // namespace frontdoor::testing
