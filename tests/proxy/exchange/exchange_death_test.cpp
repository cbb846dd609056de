// What an exchange does when its upstream dies under it: it waits for the moment to pass, and a request that kills is
// kept from the last upstream. Who is suspected: tests/balancer/containment_test.cpp.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "proxy/exchange/likeness.h"
#include "support/exchange_stage.h"

namespace frontdoor {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::ExchangeStage;

constexpr Duration kMoment = Containment::kMoment;

const Likeness kHome = likeness_of({"GET", "/", "", ""});

struct Killing : ExchangeStage {
  explicit Killing(unsigned upstreams, const Adjust& adjust = {})
      : ExchangeStage(upstreams, [adjust](config::Config& config) {
          config.pools.front().retry.containment = true;
          if (adjust) adjust(config);
        }) {}

  std::size_t on() {
    std::size_t i = 0;
    while (name(i) != dialer.last().name) ++i;
    return i;
  }
  // The request kills the upstream that it is on; its connection is reset, and nobody listens any more.
  void kill() {
    dialer.fail_next(dialer.last().name, UpstreamFailure::Refused);
    dialer.last().reset();
    turn();
  }
  void kill_and_wait() { kill(), pass(kMoment); }
  std::size_t sent() const {
    return static_cast<std::size_t>(std::count_if(dialer.connections.begin(), dialer.connections.end(),
                                                  [](const auto& connection) { return connection->sent; }));
  }
  void convict() {
    for (int i = 0; i < 3; ++i) time.advance(1s), pool().memory->deaths.died(kHome, 1, time.now());
    turn();
  }
};

void without_containment(config::Config& config) { config.pools.front().retry.containment = false; }

TEST(Death, IsNoticedByWhoWasThereAndTheNextTryWaitsForTheMomentToPass) {
  for (const char* method : {"GET", "PUT"}) {
    Killing stage(3);
    stage.client.ask(method, "/");
    stage.run();
    stage.kill();
    EXPECT_EQ(stage.refused, std::vector<std::string>{stage.name(0)});
    EXPECT_EQ(stage.dialer.knocks, 1);
    EXPECT_EQ(stage.in_flight(), 0u);
    stage.pass(kMoment - 20ms);
    EXPECT_EQ(stage.dialer.connections.size(), 1u);
    stage.pass(20ms);
    ASSERT_EQ(stage.dialer.connections.size(), 2u);
    EXPECT_EQ(stage.conn(1).name, stage.name(1));
    stage.conn(1).respond_whole("hello");
    stage.turn();
    EXPECT_TRUE(stage.left_nothing_behind());
    EXPECT_THAT(stage.log_line(), HasSubstr("\"retry\":\"evicted_idempotent\""));
    EXPECT_FALSE(stage.pool().memory->deaths.watching()) << "it is answered, so it did not kill";
    EXPECT_TRUE(stage.queries_of_death.empty());
  }
}

TEST(Death, OfThreeInOneMomentIsOneAndFree) {
  Killing stage(4);
  stage.run();
  stage.kill();
  for (std::size_t i = 1; i < 3; ++i) stage.dialer.fail_next(stage.name(i), UpstreamFailure::Refused);
  stage.pass(kMoment);
  EXPECT_EQ(stage.dialer.last().name, stage.name(3));
  EXPECT_EQ(stage.sent(), 2u);
  stage.dialer.last().respond_whole("hello");
  stage.turn();
  EXPECT_EQ(stage.client.answer.received(), "hello");
}

TEST(Death, IsWaitedForByAClientOnlyAsLongAsItIsThere) {
  Killing stage(3);
  stage.run();
  stage.kill();
  stage.client.leave();
  stage.turn();
  ASSERT_TRUE(stage.left_nothing_behind());
  EXPECT_THAT(stage.log_line(), HasSubstr("\"outcome\":\"client_closed\""));
}

TEST(Death, IsWaitedForAsLongAsTheRequestMayTake) {
  Killing stage(3, [](config::Config& config) { config.timeouts.request = 50ms; });
  stage.run();
  stage.kill();
  stage.pass(50ms);
  ASSERT_TRUE(stage.left_nothing_behind());
  EXPECT_EQ(stage.client.status(), 504);
  EXPECT_EQ(stage.sent(), 1u);
}

TEST(Death, AResetByOneThatLivesIsNone) {
  Killing stage(3);
  stage.run();
  stage.conn(0).reset();
  stage.turn();
  EXPECT_EQ(stage.dialer.connections.size(), 1u) << "a process that ends may close its listener last";
  for (int i = 0; i < 5; ++i) stage.pass(10ms);
  ASSERT_EQ(stage.dialer.connections.size(), 2u);
  EXPECT_GE(stage.dialer.knocks, 3);
  EXPECT_FALSE(stage.pool().memory->deaths.watching());
  stage.conn(1).respond_whole("hello");
  stage.turn();
  EXPECT_THAT(stage.log_line(), HasSubstr("\"retry\":\"reset_idempotent\""));
}

TEST(Death, OneThatStillAcceptsWhileItEndsIsFoundOutAllTheSame) {
  Killing stage(3);
  stage.run();
  stage.conn(0).reset();
  stage.turn();
  stage.pass(10ms);
  EXPECT_EQ(stage.dialer.connections.size(), 1u);
  stage.dialer.fail_next(stage.name(0), UpstreamFailure::Refused);
  stage.pass(10ms);
  EXPECT_EQ(stage.refused, std::vector<std::string>{stage.name(0)});
  EXPECT_TRUE(stage.pool().memory->deaths.watching());
  stage.pass(kMoment);
  ASSERT_EQ(stage.dialer.connections.size(), 2u);
  stage.conn(1).respond_whole("hello");
  stage.turn();
  EXPECT_THAT(stage.log_line(), HasSubstr("\"retry\":\"evicted_idempotent\""));
}

// Its tries are all that it has: one that ends slowly must not use them up before it refuses.
TEST(Death, OneThatResetsAllTheTimeIsNotAskedAllTheTimeNorTriedAtOnce) {
  Killing stage(1, [](config::Config& config) { config.pools.front().retry.attempts = 100; });
  stage.run();
  const auto sent_again_after = [&] {
    stage.dialer.last().reset(), stage.turn();
    const std::size_t sent = stage.dialer.connections.size();
    const TimePoint since = stage.time.now();
    while (stage.dialer.connections.size() == sent && stage.time.now() < since + 1s) stage.pass(1ms);
    return stage.time.now() - since;
  };
  const Duration imprecise = 3 * (TimerWheel::kTick + 1ms);
  sent_again_after();  // it is asked whether it lives first
  const int knocks = stage.dialer.knocks;
  for (const Millis pause : {50ms, 100ms}) {
    const Duration waited = sent_again_after();
    EXPECT_GE(waited, pause);
    EXPECT_LE(waited, pause + imprecise);
  }
  EXPECT_EQ(stage.dialer.knocks, knocks) << "it has just proved that it lives";
  stage.pass(250ms);
  stage.dialer.last().reset(), stage.turn();
  EXPECT_GT(stage.dialer.knocks, knocks);
}

TEST(Death, AnotherThatIsFreeIsTriedAtOnceAfterAReset) {
  Killing stage(2);
  stage.run();
  stage.conn(0).reset(), stage.turn();
  for (int i = 0; i < 5; ++i) stage.pass(10ms);
  ASSERT_EQ(stage.dialer.connections.size(), 2u);
  EXPECT_NE(stage.conn(1).name, stage.conn(0).name);
}

TEST(Containment, ASuspectIsNotGivenTheOnlyUpstreamThatIsUp) {
  Killing stage(3);
  stage.run();
  stage.kill_and_wait();
  stage.kill_and_wait();
  ASSERT_TRUE(stage.left_nothing_behind());
  EXPECT_EQ(stage.sent(), 2u);
  EXPECT_TRUE(stage.upstream(2).available());
  EXPECT_EQ(stage.client.status(), 502);
  EXPECT_THAT(stage.client.answer.received(), HasSubstr("query_of_death"));
  EXPECT_THAT(stage.log_line(), HasSubstr("\"outcome\":\"query_of_death\""));
  EXPECT_THAT(stage.log_line(), HasSubstr("\"retry\":\"contained\""));
  EXPECT_EQ(stage.queries_of_death, std::vector<std::string>{"GET / 2"});
}

// Two instances, one that kills, and on both with it one that was only slow: nobody could tell them apart by then.
struct LineUp : Killing {
  explicit LineUp(unsigned upstreams = 3) : Killing(upstreams) {
    run();
    kill_and_wait();
    pool().memory->deaths.died(kOther, 2, time.now());
    pool().memory->deaths.died(kOther, 2, time.now() + kMoment);
    kill_and_wait();
  }
  static constexpr Likeness kOther{1, 2};
};

TEST(Containment, OneOfSeveralSuspectsWaitsUntilItsLikeAreAnswered) {
  LineUp stage;
  EXPECT_FALSE(stage.ended()) << "502 may be wrong";
  stage.pass(3s);
  EXPECT_EQ(stage.sent(), 2u) << "and it is kept from the only upstream";
  stage.pool().memory->deaths.answered(kHome, stage.time.now());  // to another client
  stage.pass(50ms);
  ASSERT_EQ(stage.sent(), 3u);
  stage.dialer.last().respond_whole("hello");
  stage.turn();
  EXPECT_TRUE(stage.left_nothing_behind());
  EXPECT_EQ(stage.client.answer.received(), "hello");
}

TEST(Containment, OneOfSeveralThatNothingClearsIsContainedAfterAWhile) {
  LineUp stage;
  stage.pass(11s);
  ASSERT_TRUE(stage.left_nothing_behind());
  EXPECT_EQ(stage.sent(), 2u);
  EXPECT_EQ(stage.client.status(), 502);
  EXPECT_THAT(stage.log_line(), HasSubstr("\"outcome\":\"query_of_death\""));
}

TEST(Containment, AfterASecondSeveralSuspectsGoOnWhereSeveralAreUp) {
  LineUp stage;
  stage.bring_up(0);
  stage.pass(500ms);
  EXPECT_EQ(stage.sent(), 2u) << "on a busy site it would be cleared by now";
  stage.pass(600ms);
  ASSERT_EQ(stage.sent(), 3u);
  stage.dialer.last().respond_whole("hello");
  stage.turn();
  EXPECT_EQ(stage.client.answer.received(), "hello");
}

TEST(Containment, ASuspectWhoseClientLeavesIsNotWaitedFor) {
  LineUp stage;
  stage.client.leave();
  stage.turn();
  EXPECT_TRUE(stage.left_nothing_behind());
}

TEST(Containment, WhereSeveralAreUpASuspectHasItsLastTry) {
  Killing stage(4);
  stage.client.ask("GET", "/die?secret");
  stage.run();
  stage.kill_and_wait();
  stage.kill_and_wait();
  EXPECT_EQ(stage.sent(), 3u);
  stage.kill_and_wait();
  ASSERT_TRUE(stage.left_nothing_behind());
  EXPECT_EQ(stage.sent(), 3u);
  EXPECT_EQ(stage.client.status(), 502);
  EXPECT_THAT(stage.log_line(), HasSubstr("\"outcome\":\"upstream_reset\""));
  EXPECT_EQ(stage.queries_of_death, std::vector<std::string>{"GET /die 2"}) << "one event, without the query";
}

TEST(Containment, WhoseLikeAreAnsweredIsGivenEvenTheLast) {
  Killing stage(3);
  stage.run();
  stage.kill_and_wait();
  stage.pool().memory->deaths.answered(kHome, stage.time.now());  // to another client
  stage.kill_and_wait();
  ASSERT_EQ(stage.sent(), 3u);
  EXPECT_EQ(stage.on(), 2u);
  stage.dialer.last().respond_whole("hello");
  stage.turn();
  EXPECT_EQ(stage.client.answer.received(), "hello");
  EXPECT_TRUE(stage.queries_of_death.empty());
}

TEST(Containment, AConvictedKindHasOneTryOnly) {
  for (const char* method : {"GET", "POST"}) {
    Killing stage(4);
    stage.client.ask(method, "/");
    for (int i = 0; i < 3; ++i)
      stage.time.advance(1s), stage.pool().memory->deaths.died(likeness_of({method, "/", "", ""}), 1, stage.time.now());
    stage.run();
    EXPECT_EQ(stage.sent(), 1u);
    stage.kill();
    ASSERT_TRUE(stage.left_nothing_behind());
    EXPECT_EQ(stage.sent(), 1u);
    EXPECT_EQ(stage.client.status(), 502);
    EXPECT_EQ(stage.queries_of_death.size(), 1u) << "the operator reads of a POST as well";
  }
}

TEST(Containment, AConvictedKindIsNotGivenTheLastAtAll) {
  Killing stage(2);
  stage.convict();
  stage.take_down(0);
  stage.run();
  ASSERT_TRUE(stage.left_nothing_behind());
  EXPECT_EQ(stage.dialer.dials, 0);
  EXPECT_EQ(stage.client.status(), 502);
  EXPECT_THAT(stage.log_line(), HasSubstr("\"outcome\":\"query_of_death\""));
}

TEST(Containment, NorWhenItHasWaitedForIt) {
  Killing stage(2);
  stage.take_down(0), stage.take_down(1);
  stage.run();
  EXPECT_EQ(stage.pool().memory->held.size(), 1u);
  stage.convict();
  stage.bring_up(0);
  stage.turn();
  ASSERT_TRUE(stage.left_nothing_behind());
  EXPECT_EQ(stage.client.status(), 502);
  EXPECT_EQ(stage.pool().memory->held.size(), 0u);
}

TEST(Containment, OtherKindsDoNotNotice) {
  Killing stage(2);
  stage.convict();
  stage.take_down(0);
  stage.client.ask("GET", "/other");
  stage.run();
  ASSERT_EQ(stage.dialer.connections.size(), 1u);
  stage.conn(0).respond_whole("hello");
  stage.turn();
  EXPECT_EQ(stage.client.answer.received(), "hello");
}

TEST(Containment, AnAnswerEndsIt) {
  Killing stage(2);
  stage.convict();
  stage.run();
  stage.conn(0).respond_whole("hello");
  stage.turn();
  EXPECT_EQ(stage.client.answer.received(), "hello");
  EXPECT_FALSE(stage.pool().memory->deaths.convicting());
}

TEST(Containment, CanBeSwitchedOff) {
  Killing stage(3, without_containment);
  stage.convict();
  stage.run();
  for (int i = 0; i < 2; ++i) {
    stage.take_down(stage.on());
    stage.turn();
  }
  EXPECT_EQ(stage.dialer.knocks, 0);
  ASSERT_EQ(stage.sent(), 3u) << "at once, and the last one too";
  stage.dialer.last().respond_whole("hello");
  stage.turn();
  EXPECT_EQ(stage.client.answer.received(), "hello");
}

}  // namespace
}  // namespace frontdoor
