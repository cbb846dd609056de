// How clients of HTTP/2 leave, with requests that wait or do not, and how we leave them: what ADR 0009 and ADR 0011 promise
// holds for each stream. HTTP/1: conversation_stop_test.cpp, exchange_hold_test.cpp.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/h2_client.h"
#include "support/messages.h"

namespace frontdoor::testing {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

struct LeavingTalk {
  ScriptedUpstream upstream;
  TestProxy proxy;
  H2Client client;

  explicit LeavingTalk(std::string_view extra = "", std::string_view pool = "", Over over = Over::Plain)
      : proxy({&upstream}, (over == Over::Tls ? "tls = \"self-signed\"\n" : "") + std::string(extra), pool), client(proxy) {}

  bool asked(std::size_t connections = 1) {
    return client.until([&] { return upstream.connections() >= connections && upstream.last().saw("\r\n\r\n"); });
  }
  void pass(Duration time) {
    client.settle();
    proxy.time().advance(time);
    client.settle();
  }
  void stop(Duration drain = 25s) {
    const TimePoint now = proxy.time().now();
    proxy.worker().drain({now, now + drain});
    proxy.worker().stop_accepting();
    client.settle();
  }
  std::uint64_t open() { return proxy.worker().open_connections(); }
};

// ---- The client leaves

TEST(H2Leaving, AFinGivesUpAPlaceInTheQueue) {
  for (const Over over : {Over::Plain, Over::Tls}) {
    LeavingTalk talk("", "max_in_flight = 1\n", over);
    const HoldQueue& queue = talk.proxy.snapshot()->pools.front().memory->held;
    talk.client.send(h2::headers(1, h2::get("/1")));
    ASSERT_TRUE(talk.asked());
    talk.client.send(h2::headers(3, h2::get("/3")));
    talk.client.settle();
    ASSERT_EQ(queue.size(), 1u);
    talk.client.peer().finish();
    talk.client.settle();  // no time passes
    EXPECT_EQ(queue.size(), 0u);
    talk.upstream.last().forget();
    talk.upstream.last().send(kHello);
    ASSERT_TRUE(talk.client.ended(1)) << "what is with an upstream may still be answered";
    EXPECT_EQ(talk.client.answer(1).body, "hello");
    talk.client.settle();
    EXPECT_FALSE(talk.upstream.last().saw("/3"));
    EXPECT_EQ(talk.upstream.connections(), 1u);
    const std::string log = talk.proxy.log(2);
    EXPECT_THAT(log, HasSubstr("\"target\":\"/3\""));
    EXPECT_THAT(log, HasSubstr("\"outcome\":\"client_closed\""));
  }
}

TEST(H2Leaving, AfterAFinTheAnswerMustBeginSoon) {
  for (const Over over : {Over::Plain, Over::Tls}) {
    LeavingTalk talk("", "", over);
    talk.client.send(h2::headers(1, h2::get()));
    ASSERT_TRUE(talk.asked());
    talk.client.peer().finish();
    talk.pass(900ms);
    EXPECT_FALSE(talk.upstream.last().ended());
    talk.pass(200ms);
    EXPECT_TRUE(talk.client.until([&] { return talk.upstream.last().ended(); })) << "the app works for nobody";
    EXPECT_THAT(talk.proxy.log(), HasSubstr("\"outcome\":\"client_closed\""));
  }
}

// ---- We leave

TEST(H2Leaving, AnIdleClientThatSaysNothingHoldsAStopUpForMomentsOnly) {
  for (const Over over : {Over::Plain, Over::Tls}) {
    LeavingTalk talk("", "", over);
    talk.upstream.always_reply(kHello);
    talk.client.send(h2::headers(1, h2::get()));
    ASSERT_TRUE(talk.client.ended(1));
    talk.pass(1s);  // parked
    talk.stop();
    EXPECT_EQ(talk.open(), 1u) << "a request may be on its way";
    // A second for its answer to our PING, two for its end.
    for (int i = 0; i < 8 && talk.open() != 0; ++i) talk.pass(500ms);
    EXPECT_EQ(talk.open(), 0u);
    EXPECT_EQ(talk.client.reader().of(h2::kGoAway).size(), 2u);
  }
}

TEST(H2Leaving, OneThatEndsWhenItIsToldHoldsNothingUp) {
  LeavingTalk talk;
  talk.upstream.always_reply(kHello);
  talk.client.send(h2::headers(1, h2::get()));
  ASSERT_TRUE(talk.client.ended(1));
  talk.pass(1s);
  talk.stop();
  ASSERT_TRUE(talk.client.reader().saw(h2::kPing));
  talk.client.send(h2::ping(talk.client.reader().of(h2::kPing)[0].payload, h2::kAck));
  talk.pass(150ms);
  EXPECT_EQ(talk.client.reader().of(h2::kGoAway).size(), 2u);
  talk.client.peer().finish();
  EXPECT_TRUE(talk.client.until([&] { return talk.open() == 0; }));
}

TEST(H2Leaving, AnEventStreamHasDrainStreamsAndEndsBeforeTheDrainDoes) {
  LeavingTalk talk("[timeouts]\ndrain_streams = \"8s\"\n");
  talk.client.send(h2::headers(1, h2::get("/events")));
  ASSERT_TRUE(talk.asked());
  talk.upstream.last().send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n");
  ASSERT_TRUE(talk.client.until([&] { return talk.client.answer(1).body == "data: 1\n\n"; }));
  talk.stop();
  talk.pass(3900ms);
  talk.upstream.last().send("data: 2\n\n");
  ASSERT_TRUE(talk.client.until([&] { return talk.client.answer(1).body == "data: 1\n\ndata: 2\n\n"; }));
  EXPECT_EQ(talk.proxy.worker().open_work().streams, 1u);
  talk.pass(4200ms);
  ASSERT_TRUE(talk.client.ended(1));
  EXPECT_TRUE(talk.client.answer(1).was_reset) << "what is cut must not look complete";
  ASSERT_TRUE(talk.client.until([&] { return talk.upstream.last().ended(); }));
  for (int i = 0; i < 8 && talk.open() != 0; ++i) talk.pass(500ms);
  EXPECT_EQ(talk.open(), 0u);
  EXPECT_THAT(talk.proxy.log(), HasSubstr("\"outcome\":\"drained\""));
}

TEST(H2Leaving, ARequestThatIsHeldAtTheEndOfADrainGetsIts503) {
  ScriptedUpstream upstream;
  TestProxy proxy({&upstream}, "", "hold.timeout = \"60s\"");
  Upstream& down = proxy.upstream(0);
  ASSERT_TRUE(down.change(down.seen(), UpstreamState::Down, "test", proxy.time().now(), DownCause::Dead));
  H2Client client(proxy);
  client.send(h2::headers(1, h2::get()));
  client.settle();
  const TimePoint now = proxy.time().now();
  proxy.worker().drain({now, now + 25s});
  client.settle();
  proxy.time().advance(22s);
  client.settle();
  EXPECT_EQ(client.answer(1).status, "") << "there is time left";
  proxy.time().advance(600ms);
  ASSERT_TRUE(client.ended(1));
  EXPECT_EQ(client.answer(1).status, "503");
  EXPECT_NE(client.answer(1)["retry-after"], "");
  EXPECT_THAT(client.answer(1).body, HasSubstr("drained"));
  EXPECT_FALSE(client.answer(1).was_reset);
}

}  // namespace
}  // namespace frontdoor::testing
