// What time does to connections of HTTP/2 clients: idle ones, heads that do not end, drains.

#include "h2_stage.h"

namespace frontdoor::testing {
namespace {

TEST(H2Conversation, AnIdleConnectionIsToldBeforeItIsClosed) {
  H2Stage stage("[timeouts]\nclient_idle = \"10s\"\n");
  stage.upstream.always_reply(kUpstreamHello);
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
  H2Stage stage("[timeouts]\nclient_idle = \"10s\"\nclient_header = \"5s\"\n");
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
    H2Stage stage("[timeouts]\nclient_header = \"5s\"\n");
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
  H2Stage stage("[timeouts]\nclient_header = \"5s\"\n", "", h2::kPrefaceBytes);
  stage.client.settle();
  stage.proxy.time().advance(std::chrono::seconds{6});
  ASSERT_TRUE(stage.client.until([&] { return stage.client.reader().goes_away(); }));
}

// ---- Drain

TEST(H2Conversation, ADrainTellsTwiceAndLosesNothing) {
  H2Stage stage;
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
  for (std::size_t i = 0; i < 3; ++i) stage.upstream.connection(i).send(kUpstreamHello);
  ASSERT_TRUE(stage.client.ended(1));
  ASSERT_TRUE(stage.client.ended(3));
  ASSERT_TRUE(stage.client.ended(5));
  EXPECT_EQ(stage.client.answer(5).body, "hello");
  stage.client.peer().finish();
  ASSERT_TRUE(stage.client.until([&] { return stage.proxy.worker().open_connections() == 0; }));
}

TEST(H2Conversation, ADrainReachesIdleConnections) {
  H2Stage stage;
  stage.upstream.always_reply(kUpstreamHello);
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
  H2Stage stage;
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
