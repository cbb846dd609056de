// Requests that are taken back from an upstream that went down, and those that wait for a place in a full backlog.

#include <gtest/gtest.h>

#include <string>

#include "support/served_by.h"

namespace frontdoor {
namespace {

using namespace std::chrono_literals;
using http::BodyKind;
using ::testing::HasSubstr;
using testing::ExchangeStage;

TEST(Rescue, AWaitingRequestMovesTheMomentItsUpstreamIsEvicted) {
  struct {
    const char* method;
    DownCause cause;
    bool moves;
    const char* rule;
  } cases[] = {
      {"GET", DownCause::Hung, true, "evicted_safe"},        {"GET", DownCause::Dead, true, "evicted_idempotent"},
      {"PUT", DownCause::Hung, false, "evicted_not_safe"},   {"PUT", DownCause::Dead, true, "evicted_idempotent"},
      {"POST", DownCause::Hung, false, "evicted_not_safe"},  {"POST", DownCause::Dead, false, "evicted_not_idempotent"},
      {"GET", DownCause::Unwell, false, ""},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(std::string(c.method) + " " + c.rule);
    ExchangeStage stage(2);
    stage.client.ask(c.method, "/");
    stage.run();
    stage.take_down(0, c.cause);
    stage.turn();
    ASSERT_EQ(stage.dialer.connections.size(), c.moves ? 2u : 1u);
    EXPECT_EQ(stage.conn(0).open, !c.moves);
    served_by(stage, c.moves ? 1 : 0);  // a request that stays is served when the upstream answers after all
    if (*c.rule) {
      EXPECT_THAT(stage.log_line(), HasSubstr("\"retry\":\"" + std::string(c.rule) + "\""));
    }
  }
}

// Other workers see upstreams go down too: the one that this request leaves a hanging one for may do so in the next moment.
TEST(Rescue, WhoHasLeftForAnotherThatGoesDownWaits) {
  ExchangeStage stage(2);
  stage.run();
  int looks = 0;
  stage.conn(0).when_reuse_is_asked = [&] {
    if (++looks == 2) stage.take_down(1);
  };
  stage.take_down(0, DownCause::Hung);
  stage.turn();
  ASSERT_GT(looks, 2) << "it is judged twice, and only at first another was up";
  EXPECT_FALSE(stage.conn(0).open);
  ASSERT_FALSE(stage.ended()) << "it waits for one of them";
  stage.bring_up(1);
  stage.turn();
  ASSERT_EQ(stage.dialer.last().name, stage.name(1));
  served_by(stage, stage.dialer.connections.size() - 1);
}

// Nothing was sent, so any method may go elsewhere, and at once: not when `connect` has passed.
TEST(Rescue, AlsoFromAConnectThatIsUnderWay) {
  for (const char* method : {"GET", "POST"})
    for (const DownCause cause : {DownCause::Dead, DownCause::Hung, DownCause::Unwell}) {
      SCOPED_TRACE(method);
      ExchangeStage stage(2);
      stage.client.ask(method, "/");
      stage.dialer.hold();
      stage.run();
      ASSERT_EQ(stage.dialer.dials, 1);
      stage.take_down(0, cause);
      stage.turn();
      ASSERT_EQ(stage.dialer.dials, 2) << "the other one is asked";
      EXPECT_EQ(stage.upstream(0).in_flight(), 0u);
      stage.dialer.let_through();
      stage.turn();
      ASSERT_EQ(stage.dialer.connections.size(), 1u);
      EXPECT_EQ(stage.conn(0).name, stage.name(1));
      served_by(stage, 0);
      EXPECT_THAT(stage.log_line(), HasSubstr("\"retry\":\"nothing_sent\""));
    }
}

TEST(Rescue, FromAConnectOnlyWhereTheConfigAllowsIt) {
  ExchangeStage stage(2, [](config::Config& config) { config.pools.front().retry.on_connect_failure = false; });
  stage.client.ask("POST", "/");
  stage.dialer.hold();
  stage.run();
  stage.take_down(0, DownCause::Hung);
  stage.turn();
  EXPECT_EQ(stage.dialer.dials, 1);
  EXPECT_FALSE(stage.ended());
  stage.dialer.let_through();
  stage.turn();
  served_by(stage, 0);
}

TEST(Rescue, WhatMayNotMoveEndsAtItsTimeoutAndSaysSo) {
  ExchangeStage stage(2);
  stage.client.ask("POST", "/");
  stage.run();
  stage.take_down(0, DownCause::Hung);
  stage.pass(29s);
  EXPECT_FALSE(stage.ended());
  stage.pass(2s);
  ASSERT_TRUE(stage.left_nothing_behind());
  EXPECT_EQ(stage.client.status(), 504);
  EXPECT_THAT(stage.log_line(), HasSubstr("\"outcome\":\"upstream_hung\""));
}

TEST(Rescue, IsNotForAResponseThatHasBegun) {
  ExchangeStage stage(2);
  stage.run();
  stage.conn(0).respond(200, {}, {BodyKind::Length, 5});
  stage.conn(0).body.add("he");
  stage.turn();
  stage.take_down(0, DownCause::Hung);
  stage.turn();
  EXPECT_TRUE(stage.conn(0).open);
  stage.conn(0).body.add("llo");
  stage.conn(0).body.end();
  stage.turn();
  EXPECT_EQ(stage.client.answer.received(), "hello");
}

TEST(Rescue, FromTheOnlyUpstreamThatHangsThereIsNone) {
  ExchangeStage stage(1);
  stage.run();
  stage.take_down(0, DownCause::Hung);
  stage.turn();
  EXPECT_TRUE(stage.conn(0).open) << "it may wake up, and would do the work twice";
  served_by(stage, 0);
  EXPECT_THAT(stage.log_line(), HasSubstr("\"retry\":\"evicted_no_other\""));
}

TEST(Rescue, FromOneThatHangsGoesToOneThatIsBusy) {
  ExchangeStage stage(2, [](config::Config& config) { config.pools.front().max_in_flight = 1; });
  ASSERT_TRUE(stage.upstream(1).take_slot());
  stage.run();
  stage.take_down(0, DownCause::Hung);
  stage.turn();
  EXPECT_FALSE(stage.conn(0).open);
  EXPECT_EQ(stage.pool().memory->held.size(), 1u);
  stage.upstream(1).return_slot();
  stage.turn();
  ASSERT_EQ(stage.dialer.connections.size(), 2u);
  EXPECT_EQ(stage.conn(1).name, stage.name(1));
  served_by(stage, 1);
}

TEST(Rescue, OfTheOnlyUpstreamWaitsForItsNextLife) {
  ExchangeStage stage(1);
  stage.run();
  stage.take_down(0, DownCause::Dead);
  stage.turn();
  EXPECT_FALSE(stage.conn(0).open);
  EXPECT_EQ(stage.pool().memory->held.size(), 1u);
  stage.pass(2s);
  stage.bring_up(0);
  stage.turn();
  ASSERT_EQ(stage.dialer.connections.size(), 2u);
  served_by(stage, 1);
}

TEST(Rescue, IgnoresTheEndOfAnEarlierLife) {
  ExchangeStage stage(1);
  stage.take_down(0, DownCause::Hung);
  stage.bring_up(0);
  stage.run();  // the news of the first life's end arrives with the request already on the second
  EXPECT_TRUE(stage.conn(0).open);
  ASSERT_EQ(stage.dialer.connections.size(), 1u);
  served_by(stage, 0);
}

TEST(Rescue, SendsTheBodyAgain) {
  ExchangeStage stage(2);
  stage.client.ask("PUT", "/");
  stage.client.announce_body({BodyKind::Length, 6});
  stage.client.body.add("123");
  stage.run();
  EXPECT_EQ(stage.conn(0).request.received(), "123");
  stage.take_down(0, DownCause::Dead);
  stage.turn();
  ASSERT_EQ(stage.dialer.connections.size(), 2u);
  EXPECT_EQ(stage.conn(1).request.received(), "123");
  stage.client.body.add("456");
  stage.client.body.end();
  stage.turn();
  EXPECT_EQ(stage.conn(1).request.received(), "123456");
  served_by(stage, 1);
}

// ---- A full backlog: only unix sockets say so at once

TEST(Overloaded, TheOnlyUpstreamIsWaitedForAsLongAsAConnectMayTake) {
  ExchangeStage stage(1);
  stage.client.ask("POST", "/");
  stage.dialer.fail_next(stage.name(0), UpstreamFailure::Overloaded, 5);
  stage.run();
  EXPECT_FALSE(stage.ended());
  for (int i = 0; i < 10; ++i) stage.pass(50ms);
  ASSERT_EQ(stage.dialer.connections.size(), 1u);
  served_by(stage, 0);
  EXPECT_THAT(stage.log_line(), HasSubstr("\"tries\":1"));
}

TEST(Overloaded, AnotherUpstreamIsBetterThanWaiting) {
  ExchangeStage stage(2);
  stage.dialer.fail_next(stage.name(0), UpstreamFailure::Overloaded, 100);
  stage.run();
  ASSERT_EQ(stage.dialer.connections.size(), 1u);
  EXPECT_EQ(stage.conn(0).name, stage.name(1));
  served_by(stage, 0);
}

TEST(Overloaded, IsAnsweredInTheEnd) {
  ExchangeStage stage(1);
  stage.dialer.fail_next(stage.name(0), UpstreamFailure::Overloaded, 1'000);
  stage.run();
  for (int i = 0; i < 25; ++i) stage.pass(100ms);
  EXPECT_FALSE(stage.ended()) << "three tries of a second";
  for (int i = 0; i < 10; ++i) stage.pass(100ms);
  ASSERT_TRUE(stage.left_nothing_behind());
  EXPECT_TRUE(stage.upstream(0).available()) << "no evidence";
  EXPECT_EQ(stage.client.status(), 503);
  EXPECT_THAT(stage.log_line(), HasSubstr("\"outcome\":\"upstream_overloaded\""));
  EXPECT_LT(stage.dialer.dials, 70) << "with pauses that grow";
}

TEST(Overloaded, WhoWaitsForItIsRescuedWithIt) {
  ExchangeStage stage(2);
  stage.take_down(1);
  stage.client.ask("POST", "/");
  stage.dialer.fail_next(stage.name(0), UpstreamFailure::Overloaded, 1'000);
  stage.run();
  stage.bring_up(1);
  stage.take_down(0, DownCause::Hung);
  stage.turn();
  ASSERT_EQ(stage.dialer.connections.size(), 1u);
  EXPECT_EQ(stage.conn(0).name, stage.name(1));
  served_by(stage, 0);
}

TEST(Overloaded, AClientThatLeavesMeanwhileIsNotWaitedFor) {
  ExchangeStage stage(1);
  stage.dialer.fail_next(stage.name(0), UpstreamFailure::Overloaded, 1'000);
  stage.run();
  stage.client.leave();
  stage.turn();
  ASSERT_TRUE(stage.left_nothing_behind());
  EXPECT_THAT(stage.log_line(), HasSubstr("\"outcome\":\"client_closed\""));
}

}  // namespace
}  // namespace frontdoor
