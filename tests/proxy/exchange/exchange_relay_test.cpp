// Both directions at once: back-pressure, early answers, informational heads, and whoever leaves in the
// middle.

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "support/exchange_stage.h"

namespace frontdoor {
namespace {

using http::BodyKind;
using testing::ExchangeStage;
using testing::FakeSink;
using testing::kChunked;
using ::testing::HasSubstr;

struct Upload : ExchangeStage {
  explicit Upload(const char* method = "POST", const Adjust& adjust = {}) : ExchangeStage(2, adjust) {
    client.ask(method, "/");
    client.announce_body(kChunked);
  }
};

TEST(Relay, AnEarlyAnswerIsDeliveredWhileTheBodyIsStillComing) {
  Upload stage;
  stage.client.body.add("abc");
  stage.run();
  stage.conn(0).respond_whole("no more, please");
  stage.turn();
  EXPECT_TRUE(stage.left_nothing_behind());
  EXPECT_EQ(stage.client.answer.received(), "no more, please");
  EXPECT_FALSE(stage.client.aborted);
}

TEST(Relay, AnAnswerOfAnUpstreamThatStoppedReadingIsDelivered) {
  Upload stage;
  stage.run();
  stage.conn(0).request.fail();
  stage.client.body.add("abc");
  stage.turn();
  EXPECT_FALSE(stage.ended()) << "what it has to say may be on its way";
  stage.conn(0).respond_whole("too large");
  stage.turn();
  EXPECT_EQ(stage.client.answer.received(), "too large");
  EXPECT_TRUE(stage.left_nothing_behind());
}

TEST(Relay, ABlockedUploadDoesNotHoldTheAnswerUp) {
  Upload stage;
  stage.client.body.add("abcdef");
  stage.begin();
  stage.turn();
  stage.conn(0).request.set_room(2);
  stage.client.body.add("ghi");
  stage.turn();
  EXPECT_EQ(stage.conn(0).request.received(), "abcdefgh");
  stage.conn(0).respond(200, {}, kChunked);
  for (const char* piece : {"x", "y", "z"}) {
    stage.conn(0).body.add(piece);
    stage.turn();
  }
  EXPECT_EQ(stage.client.answer.received(), "xyz");
  EXPECT_EQ(stage.client.body.unread(), 1u) << "what the upstream does not take stays with the client";
  stage.conn(0).request.set_room(FakeSink::kUnlimited);
  stage.turn();
  EXPECT_EQ(stage.conn(0).request.received(), "abcdefghi");
}

TEST(Relay, ABlockedAnswerDoesNotHoldTheUploadUp) {
  Upload stage;
  stage.client.answer.set_room(1);
  stage.run();
  stage.conn(0).respond(200, {}, kChunked);
  stage.conn(0).body.add("xyz");
  for (const char* piece : {"a", "b", "c"}) {
    stage.client.body.add(piece);
    stage.turn();
  }
  EXPECT_EQ(stage.client.answer.received(), "x");
  EXPECT_EQ(stage.conn(0).body.unread(), 2u);
  EXPECT_EQ(stage.conn(0).request.received(), "abc");
  stage.client.body.end();
  stage.turn();
  EXPECT_TRUE(stage.conn(0).request.ended());
  stage.conn(0).body.end();
  stage.client.answer.set_room(FakeSink::kUnlimited);
  stage.turn();
  EXPECT_EQ(stage.client.answer.received(), "xyz");
  EXPECT_TRUE(stage.left_nothing_behind());
}

TEST(Relay, MuchInBothDirectionsIsMovedTurnByTurn) {
  Upload stage;
  stage.run();
  stage.conn(0).respond(200, {}, kChunked);
  const std::string much(1 << 20, 'x');
  stage.client.body.add(much);
  stage.conn(0).body.add(much);
  stage.client.answer.set_room(1'000);
  stage.conn(0).request.set_room(1'000);
  stage.turn();
  for (int i = 0; i < 4; ++i) {
    stage.client.answer.set_room(300'000);
    stage.conn(0).request.set_room(300'000);
    stage.turn();
  }
  EXPECT_EQ(stage.client.answer.received().size(), much.size());
  EXPECT_EQ(stage.conn(0).request.received().size(), much.size());
}

TEST(Relay, TrailersArePassedOnInBothDirections) {
  Upload stage;
  stage.client.body.set_trailers({{"Up", "1"}});
  stage.client.body.add("abc");
  stage.client.body.end();
  stage.run();
  EXPECT_EQ(stage.conn(0).request.trailers()["Up"], "1");
  stage.conn(0).respond(200, {}, kChunked);
  stage.conn(0).body.set_trailers({{"Down", "2"}});
  stage.conn(0).body.end();
  stage.turn();
  EXPECT_EQ(stage.client.answer.trailers()["Down"], "2");
}

// ---- Informational heads

TEST(Relay, InformationalHeadsArePassedOn) {
  ExchangeStage stage;
  stage.run();
  stage.conn(0).informational(103);
  stage.turn();
  EXPECT_THAT(stage.client.informational, ::testing::ElementsAre(103));
  EXPECT_GE(stage.client.answer.pushes(), 1u) << "flushed: early hints that wait are none";
  stage.conn(0).informational(103);
  stage.conn(0).respond_whole("hello");
  stage.turn();
  EXPECT_THAT(stage.client.informational, ::testing::ElementsAre(103, 103));
  EXPECT_EQ(stage.client.status(), 200);
}

TEST(Relay, InformationalHeadsAreNotForHttp10) {
  ExchangeStage stage;
  stage.client.head.version = http::Version::Http10;
  stage.run();
  stage.conn(0).informational(103);
  stage.conn(0).respond_whole("hello");
  stage.turn();
  EXPECT_TRUE(stage.client.informational.empty());
  EXPECT_EQ(stage.client.status(), 200);
}

TEST(Relay, AnEndlessRowOfInformationalHeadsIsRefused) {
  ExchangeStage stage;
  stage.run();
  for (int i = 0; i < 32; ++i) stage.conn(0).informational(103);
  stage.turn();
  EXPECT_FALSE(stage.ended());
  stage.conn(0).informational(103);
  stage.turn();
  ASSERT_TRUE(stage.left_nothing_behind());
  EXPECT_EQ(stage.client.informational.size(), 32u);
  EXPECT_EQ(stage.client.status(), 502);
  EXPECT_THAT(stage.log_line(), HasSubstr("\"outcome\":\"invalid_response\""));
}

TEST(Relay, AnInformationalHeadDoesNotCommitAndA100IsRelayedOnce) {
  Upload stage("PUT");
  stage.run();
  stage.conn(0).informational(100);
  stage.turn();
  stage.conn(0).reset();
  stage.turn();
  ASSERT_EQ(stage.dialer.connections.size(), 2u) << "replayed";
  stage.conn(1).informational(100);
  stage.client.body.end();
  stage.conn(1).respond_whole("ok");
  stage.turn();
  EXPECT_THAT(stage.client.informational, ::testing::ElementsAre(100));
  EXPECT_EQ(stage.client.status(), 200);
}

TEST(Relay, AHeadThatDoesNotFitIs502AndItsBodyGoesNowhere) {
  ExchangeStage stage;
  stage.client.heads_to_refuse = 1;
  stage.run();
  stage.conn(0).respond_whole("HTTP/1.1 200 OK\r\n\r\n");
  stage.turn();
  ASSERT_TRUE(stage.left_nothing_behind());
  EXPECT_EQ(stage.client.status(), 502);
  EXPECT_THAT(stage.client.answer.received(), ::testing::Not(HasSubstr("HTTP/1.1")));
}

TEST(Relay, WhenNoHeadFitsTheConnectionEnds) {
  ExchangeStage stage;
  stage.client.heads_to_refuse = 2;
  stage.run();
  stage.conn(0).respond_whole("hello");
  stage.turn();
  ASSERT_TRUE(stage.left_nothing_behind());
  EXPECT_TRUE(stage.client.aborted);
  EXPECT_EQ(stage.client.answer.received(), "");
  EXPECT_THAT(stage.log_line(), HasSubstr("\"status\":0"));
}

// ---- Somebody leaves

TEST(Relay, AClientThatHasGoneCancelsWhateverStageItIsIn) {
  struct {
    const char* stage;
    std::function<void(ExchangeStage&)> reach;
  } const cases[] = {
      {"connecting", [](auto& s) { s.dialer.hold(), s.run(); }},
      {"waiting for the head", [](auto& s) { s.run(); }},
      {"sending the body",
       [](auto& s) { s.client.announce_body(kChunked), s.client.body.add("abc"), s.run(); }},
      {"upstream does not read",
       [](auto& s) {
         s.client.announce_body(kChunked);
         s.run();
         s.conn(0).request.set_room(0);
         s.client.body.add("abc");
       }},
      {"passing the answer on",
       [](auto& s) { s.run(), s.conn(0).respond(200, {}, kChunked), s.conn(0).body.add("abc"); }},
      {"client does not read",
       [](auto& s) {
         s.client.answer.set_room(0);
         s.run();
         s.conn(0).respond_whole("hello");
       }},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.stage);
    ExchangeStage stage;
    c.reach(stage);
    stage.turn();
    ASSERT_FALSE(stage.ended());
    stage.client.leave();
    stage.turn();
    EXPECT_TRUE(stage.left_nothing_behind());
    EXPECT_TRUE(stage.refused.empty());
    for (const auto& connection : stage.dialer.connections) EXPECT_FALSE(connection->given_back);
    EXPECT_THAT(stage.log_line(), HasSubstr("\"outcome\":\"client_closed\""));
  }
}

TEST(Relay, AClientThatLeavesDuringARefusalIsNotWaitedFor) {
  ExchangeStage stage(1, [](config::Config& config) { config.routes.front().host = "other.example"; });
  stage.client.answer.set_room(0);
  stage.run();
  EXPECT_FALSE(stage.ended());
  stage.client.leave();
  stage.turn();
  EXPECT_TRUE(stage.ended());
  EXPECT_TRUE(stage.client.aborted);
}

TEST(Relay, ARequestBodyThatIsCutOffIsTheClientsLeaving) {
  Upload stage;
  stage.client.body.add("abc");
  stage.run();
  stage.client.body.fail();
  stage.turn();
  EXPECT_TRUE(stage.left_nothing_behind());
  EXPECT_FALSE(stage.conn(0).request.ended());
  EXPECT_TRUE(stage.client.heads.empty());
}

TEST(Relay, AMalformedRequestBodyIs400) {
  Upload stage;
  stage.run();
  stage.client.malformed = true;
  stage.client.body.fail();
  stage.turn();
  EXPECT_TRUE(stage.left_nothing_behind());
  EXPECT_EQ(stage.client.status(), 400);
  EXPECT_FALSE(stage.conn(0).request.ended());
}

TEST(Relay, ATruncatedAnswerIsNeverMadeToLookComplete) {
  ExchangeStage stage;
  stage.run();
  stage.conn(0).respond(200, {}, {BodyKind::Length, 10});
  stage.conn(0).body.add("abc");
  stage.turn();
  stage.conn(0).body.fail();
  stage.turn();
  ASSERT_TRUE(stage.left_nothing_behind());
  EXPECT_TRUE(stage.client.aborted);
  EXPECT_FALSE(stage.client.answer.ended());
  EXPECT_FALSE(stage.conn(0).given_back);
  EXPECT_EQ(stage.dialer.dials, 1) << "committed: never replayed";
  EXPECT_THAT(stage.log_line(), HasSubstr("\"status\":200,\"outcome\":\"response_truncated\""));
}

// ---- Bodies beyond their limit

TEST(Relay, ATooLargeDeclaredBodyIsRefusedBeforeAnUpstreamIsInvolved) {
  ExchangeStage stage(1, [](config::Config& config) { config.limits.body_bytes = 5; });
  stage.client.ask("POST", "/");
  stage.client.announce_body({BodyKind::Length, 6});
  stage.run();
  EXPECT_EQ(stage.client.status(), 413);
  EXPECT_EQ(stage.dialer.dials, 0);
}

TEST(Relay, ABodyThatGrowsTooLargeIsRefusedBeforeItsEndIsPassedOn) {
  for (const bool at_once : {true, false}) {
    Upload stage("POST", [](config::Config& config) { config.limits.body_bytes = 5; });
    stage.client.body.add("abc");
    if (!at_once) stage.run();
    stage.client.body.add("def");
    stage.client.body.end();
    if (at_once) stage.begin();
    stage.turn();
    ASSERT_TRUE(stage.left_nothing_behind());
    EXPECT_EQ(stage.client.status(), 413);
    EXPECT_FALSE(stage.conn(0).request.ended());
    EXPECT_LE(stage.conn(0).request.received().size(), 5u);
  }
}

TEST(Relay, ABodyThatGrowsTooLargeBehindAnAnswerCutsItAndKeepsItsStatusInTheLog) {
  Upload stage("POST", [](config::Config& config) { config.limits.body_bytes = 5; });
  stage.client.body.add("abc");
  stage.run();
  stage.conn(0).respond(200, {}, kChunked);
  stage.turn();
  stage.client.body.add("def");
  stage.turn();
  ASSERT_TRUE(stage.left_nothing_behind());
  EXPECT_TRUE(stage.client.aborted);
  EXPECT_THAT(stage.log_line(), HasSubstr("\"status\":200,\"outcome\":\"body_too_large\""));
}

}  // namespace
}  // namespace frontdoor
