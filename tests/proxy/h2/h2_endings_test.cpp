// How the streams of an HTTP/2 client end: early answers, cancels, answers that break off, connections that go.

#include "h2_stage.h"

namespace frontdoor::testing {
namespace {

using ::testing::HasSubstr;

TEST(H2Conversation, AnEarlyAnswerIsWholeAndThenTheUploadIsNotWanted) {
  for (const auto& more : {h2::Pairs{}, h2::Pairs{{"content-length", "20000"}}}) {
    H2Stage stage;
    stage.client.send(h2::headers(1, h2::post("/", more), h2::kEndHeaders) + h2::data(1, std::string(10'000, 'u')));
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
    stage.upstream.last().send(kUpstreamHello);
    ASSERT_TRUE(stage.client.ended(3));
    EXPECT_EQ(stage.client.answer(3).body, "hello");
  }
}

TEST(H2Conversation, ACancelReachesTheUpstreamAtOnce) {
  H2Stage stage;
  stage.client.send(h2::headers(1, h2::get("/1")) + h2::headers(3, h2::get("/3")));
  ASSERT_TRUE(stage.upstream_has(2));
  stage.client.send(h2::reset(1));
  stage.client.settle();  // no time passes
  const bool first_is_1 = stage.upstream.connection(0).saw("GET /1 ");
  Peer& cancelled = stage.upstream.connection(first_is_1 ? 0 : 1);
  Peer& neighbour = stage.upstream.connection(first_is_1 ? 1 : 0);
  EXPECT_TRUE(cancelled.ended());
  EXPECT_FALSE(neighbour.ended());
  neighbour.send(kUpstreamHello);
  ASSERT_TRUE(stage.client.ended(3));
  EXPECT_EQ(stage.client.answer(3).body, "hello");
  EXPECT_FALSE(stage.client.answer(1).was_reset);
  EXPECT_THAT(stage.proxy.log(), HasSubstr("\"outcome\":\"client_closed\""));
}

TEST(H2Conversation, ACancelGivesUpAPlaceInTheQueue) {
  H2Stage stage("", "max_in_flight = 1\n");
  stage.client.send(h2::headers(1, h2::get("/1")));
  ASSERT_TRUE(stage.upstream_has(1));
  stage.client.send(h2::headers(3, h2::get("/3")) + h2::headers(5, h2::get("/5")));
  stage.client.settle();
  EXPECT_EQ(stage.upstream.connections(), 1u);
  stage.client.send(h2::reset(3));
  stage.client.settle();
  stage.upstream.last().send(kUpstreamHello);
  ASSERT_TRUE(stage.client.ended(1));
  ASSERT_TRUE(stage.client.until([&] { return stage.upstream.last().saw("/5"); }));
  EXPECT_FALSE(stage.upstream.last().saw("/3"));
  stage.upstream.last().send(kUpstreamHello);
  ASSERT_TRUE(stage.client.ended(5));
}

TEST(H2Conversation, AnAnswerThatBreaksOffIsReset) {
  H2Stage stage;
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
  H2Stage stage;
  stage.client.send(h2::headers(1, h2::get()) + h2::headers(3, h2::get()));
  ASSERT_TRUE(stage.upstream_has(2));
  stage.client.peer().reset();
  ASSERT_TRUE(stage.client.until([&] { return stage.upstream.connection(0).ended() && stage.upstream.connection(1).ended(); }));
  ASSERT_TRUE(stage.client.until([&] { return stage.proxy.worker().open_connections() == 0; }));
  EXPECT_EQ(stage.proxy.worker().buffers_in_use(), 0u);
}

TEST(H2Conversation, AfterAFinWhatWasAskedIsStillAnswered) {
  H2Stage stage;
  stage.client.send(h2::headers(1, h2::get()));
  ASSERT_TRUE(stage.upstream_has(1));
  stage.client.peer().finish();
  stage.client.settle();
  stage.upstream.last().send(kUpstreamHello);
  ASSERT_TRUE(stage.client.ended(1));
  EXPECT_EQ(stage.client.answer(1).body, "hello");
  ASSERT_TRUE(stage.client.until([&] { return stage.client.peer().ended(); }));
}

}  // namespace
}  // namespace frontdoor::testing
