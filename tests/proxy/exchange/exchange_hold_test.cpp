// Requests that wait instead of failing: hold, rescue, and the retries that have a condition.

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "proxy/exchange/replay.h"
#include "support/exchange_stage.h"

namespace frontdoor {
namespace {

using namespace std::chrono_literals;
using http::BodyKind;
using ::testing::HasSubstr;
using testing::ExchangeStage;

void served_by(ExchangeStage& stage, std::size_t connection) {
  stage.conn(connection).respond_whole("hello");
  stage.turn();
  EXPECT_TRUE(stage.left_nothing_behind());
  EXPECT_EQ(stage.client.answer.received(), "hello");
}

// ---- Hold

TEST(Hold, WaitsUntilAnUpstreamComesUp) {
  for (const char* method : {"GET", "POST"}) {
    ExchangeStage stage(2);
    stage.take_down(0), stage.take_down(1);
    stage.client.ask(method, "/");
    stage.run();
    stage.pass(3s);
    EXPECT_FALSE(stage.ended());
    EXPECT_EQ(stage.pool().memory->held.size(), 1u);
    EXPECT_EQ(stage.dialer.dials, 0);
    stage.bring_up(1);
    stage.turn();
    EXPECT_EQ(stage.pool().memory->held.size(), 0u);
    ASSERT_EQ(stage.dialer.connections.size(), 1u);
    EXPECT_EQ(stage.conn(0).name, stage.name(1));
    served_by(stage, 0);
    EXPECT_THAT(stage.log_line(), HasSubstr("\"outcome\":\"served\""));
    EXPECT_THAT(stage.log_line(), HasSubstr("\"tries\":1,\"held_ms\":30"));
  }
}

TEST(Hold, DoesNotReadTheBodyMeanwhile) {
  ExchangeStage stage(1);
  stage.take_down(0);
  stage.client.ask("POST", "/");
  stage.client.announce_body({BodyKind::Length, 5});
  stage.client.body.add("12345");
  stage.client.body.end();
  stage.run();
  EXPECT_EQ(stage.client.body.unread(), 5u);
  stage.bring_up(0);
  stage.turn();
  EXPECT_EQ(stage.conn(0).request.received(), "12345");
  served_by(stage, 0);
}

TEST(Hold, EndsAtItsTimeout) {
  ExchangeStage stage(1);
  stage.take_down(0);
  stage.pass(4s);
  stage.run();
  stage.pass(9900ms);
  EXPECT_FALSE(stage.ended());
  stage.pass(200ms);
  ASSERT_TRUE(stage.left_nothing_behind());
  EXPECT_EQ(stage.client.status(), 503);
  EXPECT_THAT(stage.client.answer.received(), HasSubstr("hold_timeout"));
  EXPECT_EQ(stage.client.heads.back().fields["Retry-After"], "15") << "down for 14.1 s, and as long again";
  EXPECT_EQ(stage.pool().memory->held.size(), 0u);
}

TEST(Hold, TheTimeoutIsForAllItsWaitsTogether) {
  ExchangeStage stage(1);
  stage.take_down(0);
  stage.run();
  for (int i = 0; i < 9; ++i) {  // comes up, and refuses again
    stage.pass(1s);
    stage.dialer.fail_next(stage.name(0), UpstreamFailure::Refused);
    stage.bring_up(0);
    stage.turn();
    EXPECT_FALSE(stage.ended()) << "refusals are no tries";
  }
  stage.pass(1100ms);
  ASSERT_TRUE(stage.left_nothing_behind());
  EXPECT_THAT(stage.log_line(), HasSubstr("\"outcome\":\"hold_timeout\""));
  EXPECT_THAT(stage.log_line(), HasSubstr("\"tries\":9"));
}

TEST(Hold, APoolThatIsDownForTooLongHoldsNothing) {
  ExchangeStage stage(1);
  stage.take_down(0);
  stage.pass(20s), stage.bring_up(0), stage.take_down(0);  // so that the usual outage is known
  stage.pass(61s);
  stage.run();
  ASSERT_TRUE(stage.ended());
  EXPECT_EQ(stage.client.status(), 503);
  EXPECT_THAT(stage.client.answer.received(), HasSubstr("no_upstream"));
  EXPECT_EQ(stage.client.heads.back().fields["Retry-After"], "60");
}

TEST(Hold, RetryAfterComesFromMeasuredRecoveries) {
  ExchangeStage stage(1, [](config::Config& config) { config.pools.front().hold.max_requests = 0; });
  stage.take_down(0);
  stage.pass(20s), stage.bring_up(0), stage.take_down(0);
  stage.pass(5s);
  stage.run();
  ASSERT_TRUE(stage.ended());
  EXPECT_THAT(stage.client.answer.received(), HasSubstr("hold_full"));
  EXPECT_EQ(stage.client.heads.back().fields["Retry-After"], "15");
}

TEST(Hold, IsBoundedInBytes) {
  ExchangeStage stage(1, [](config::Config& config) { config.pools.front().hold.max_bytes = 99; });
  stage.take_down(0);
  stage.run();
  ASSERT_TRUE(stage.ended());
  EXPECT_THAT(stage.client.answer.received(), HasSubstr("hold_full"));
}

TEST(Hold, ABodyThatIsKeptForItsReplayCountsToo) {
  for (const std::size_t kept : {50u, 51u}) {
    ExchangeStage stage(1, [](config::Config& config) { config.pools.front().hold.max_bytes = 150; });
    stage.client.ask("PUT", "/");
    stage.client.announce_body({BodyKind::Length, 1'000});
    stage.client.body.add(std::string(kept, 'x'));
    stage.run();
    stage.take_down(0);
    stage.turn();
    EXPECT_EQ(stage.ended(), kept > 50);
  }
}

TEST(Hold, AClientThatLeavesFreesItsPlace) {
  ExchangeStage stage(1);
  stage.take_down(0);
  stage.run();
  stage.client.leave();
  stage.turn();
  ASSERT_TRUE(stage.left_nothing_behind());
  EXPECT_EQ(stage.pool().memory->held.size(), 0u);
  EXPECT_THAT(stage.log_line(), HasSubstr("\"outcome\":\"client_closed\""));
}

TEST(Hold, WhatWeCutOurselvesIsNotBlamedOnTheClient) {
  for (const bool held : {false, true}) {
    ExchangeStage stage(1);
    if (held) stage.take_down(0);
    stage.run();
    stage.client.be_cut();
    stage.turn();
    ASSERT_TRUE(stage.left_nothing_behind());
    EXPECT_THAT(stage.log_line(), HasSubstr("\"outcome\":\"drained\""));
  }
}

// A FIN is nearly always a tab that was closed; nobody waits behind it in vain.
TEST(Hold, AFinGivesThePlaceUpWhateverItWaitsFor) {
  struct {
    const char* name;
    std::function<void(ExchangeStage&)> before;
  } const cases[] = {
      {"an upstream that is down", [](auto& stage) { stage.take_down(0); }},
      {"a slot", [](auto& stage) { EXPECT_TRUE(stage.upstream(0).take_slot()); }},
      {"a place in the backlog", [](auto& stage) { stage.dialer.fail_next(stage.name(0), UpstreamFailure::Overloaded, 100); }},
      {"a descriptor", [](auto& stage) {
         stage.dialer.room_is_coming = true;
         stage.dialer.fail_next(stage.name(0), UpstreamFailure::LocalResources, 100);
       }},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    for (const bool half_closed_before : {true, false}) {
      ExchangeStage stage(1, [](config::Config& config) { config.pools.front().max_in_flight = 1; });
      c.before(stage);
      if (half_closed_before) stage.client.finish();
      stage.run();
      EXPECT_EQ(stage.ended(), half_closed_before);
      stage.client.finish();
      stage.turn();
      ASSERT_TRUE(stage.left_nothing_behind());
      EXPECT_EQ(stage.client.status(), 0);
      EXPECT_EQ(stage.pool().memory->held.size(), 0u);
      EXPECT_THAT(stage.log_line(), HasSubstr("\"outcome\":\"client_closed\""));
    }
  }
}

TEST(Hold, TheEndOfADrainIsA503ForThoseWhoWaitAndThoseWhoWould) {
  for (const bool waits : {true, false}) {
    ExchangeStage stage(1);
    stage.take_down(0);
    if (waits) stage.run();
    EXPECT_FALSE(stage.ended() && waits);
    stage.context.held.end();
    if (waits) stage.turn();
    else stage.run();
    ASSERT_TRUE(stage.left_nothing_behind());
    EXPECT_EQ(stage.client.status(), 503);
    EXPECT_THAT(stage.client.answer.received(), HasSubstr("drained"));
    EXPECT_THAT(stage.log_line(), HasSubstr("\"status\":503,\"outcome\":\"drained\""));
  }
}

TEST(Hold, GoesByTheNewConfigAfterAReload) {
  ExchangeStage stage(1);
  stage.take_down(0);
  stage.run();
  const std::string before = stage.name(0);
  stage.publish([](config::Config& config) {
    config.pools.front().name = "other";
    config.pools.front().upstreams.front().address.port = 9;
    config.routes.front().pool = "other";
  });
  stage.turn();
  ASSERT_EQ(stage.dialer.connections.size(), 1u);
  EXPECT_EQ(stage.conn(0).name, stage.name(0));
  EXPECT_NE(stage.name(0), before);
  served_by(stage, 0);
  EXPECT_THAT(stage.log_line(), HasSubstr("\"pool\":\"other\""));
}

TEST(Hold, KeepsItsDeadlineOverAReload) {
  ExchangeStage stage(1);
  stage.take_down(0);
  stage.run();
  stage.pass(6s);
  stage.publish({});
  stage.turn();
  EXPECT_EQ(stage.pool().memory->held.size(), 1u) << "the same queue: it is the pool's, not the snapshot's";
  stage.pass(4100ms);
  ASSERT_TRUE(stage.ended());
  EXPECT_THAT(stage.log_line(), HasSubstr("hold_timeout"));
}

struct Another final : HoldQueue::Waiter {
  void called(std::size_t) override {}
};

TEST(Hold, KeepsItsPlaceOverAReload) {
  ExchangeStage stage(1);
  stage.take_down(0);
  stage.run();
  HoldQueue& queue = stage.pool().memory->held;
  Another later;
  const HoldQueue::Ticket ticket = queue.enter(later, 0, {10, 1'000});
  stage.publish([](config::Config& config) { config.pools.front().hold.max_requests = 1; });
  stage.turn();
  EXPECT_FALSE(stage.ended()) << "who waits already is not turned away";
  EXPECT_FALSE(queue.first(ticket));
  queue.leave(ticket, HoldQueue::Left::Empty);
  stage.bring_up(0);
  stage.turn();
  served_by(stage, 0);
}

TEST(Hold, EndsWithAReloadThatDoesNotWantIt) {
  ExchangeStage stage(1);
  stage.take_down(0);
  stage.run();
  stage.publish([](config::Config& config) { config.pools.front().hold.timeout = Millis{0}; });
  stage.turn();
  ASSERT_TRUE(stage.left_nothing_behind());
  EXPECT_THAT(stage.log_line(), HasSubstr("\"outcome\":\"no_upstream\""));
}

// The request before the reload, its upstream's end behind it: what the old config says about waiting does not matter.
TEST(Hold, AReplayThatFindsNobodyUpGoesByTheNewConfig) {
  const auto never_wait = [](config::Config& config) { config.pools.front().hold.timeout = Millis{0}; };
  ExchangeStage stage(1, never_wait);
  stage.run();
  const std::string before = stage.name(0);
  stage.publish([&](config::Config& config) {
    never_wait(config);
    config.pools.front().upstreams.front().address.port = 9;
  });
  stage.dialer.fail_next(before, UpstreamFailure::Refused);
  stage.conn(0).reset();
  stage.turn();
  stage.pass(pause_before_the_same_again(1, false));
  ASSERT_EQ(stage.dialer.connections.size(), 2u);
  EXPECT_EQ(stage.conn(1).name, stage.name(0));
  EXPECT_NE(stage.name(0), before);
  served_by(stage, 1);
}

TEST(Hold, AReplayThatFindsNobodyUpWaitsToo) {
  ExchangeStage stage(1);
  stage.run();
  stage.take_down(0);
  stage.conn(0).reset();
  stage.turn();
  EXPECT_FALSE(stage.ended());
  stage.bring_up(0);
  stage.turn();
  ASSERT_EQ(stage.dialer.connections.size(), 2u);
  served_by(stage, 1);
}

// ---- Rescue

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

// ---- Retries with a condition

void retry_503(config::Config& config) { config.pools.front().retry.on_status = {503}; }

TEST(RetryStatus, AnotherUpstreamIsAskedAndTheLastAnswerStands) {
  ExchangeStage stage(2, retry_503);
  stage.run();
  stage.conn(0).respond(503);
  stage.turn();
  EXPECT_FALSE(stage.conn(0).open);
  ASSERT_EQ(stage.dialer.connections.size(), 2u);
  EXPECT_EQ(stage.conn(1).name, stage.name(1));
  EXPECT_EQ(stage.client.status(), 0) << "nothing of the first answer was passed on";
  stage.conn(1).body.end();
  stage.conn(1).respond(503);
  stage.turn();
  ASSERT_TRUE(stage.left_nothing_behind());
  EXPECT_EQ(stage.client.status(), 503);
  EXPECT_THAT(stage.log_line(), HasSubstr("\"outcome\":\"served\""));
  EXPECT_THAT(stage.log_line(), HasSubstr("\"tries\":2,\"retry\":\"status_idempotent\""));
}

TEST(RetryStatus, StandsForPostForOtherStatusesAndByDefault) {
  struct {
    const char* method;
    std::uint16_t status;
    ExchangeStage::Adjust adjust;
  } cases[] = {{"POST", 503, retry_503}, {"GET", 500, retry_503}, {"GET", 503, {}}};
  for (const auto& c : cases) {
    ExchangeStage stage(2, c.adjust);
    stage.client.ask(c.method, "/");
    stage.run();
    stage.conn(0).body.end();
    stage.conn(0).respond(c.status);
    stage.turn();
    EXPECT_EQ(stage.client.status(), c.status);
    EXPECT_EQ(stage.dialer.connections.size(), 1u);
  }
}

void use_budget_up(ExchangeStage& stage) {
  for (int i = 0; i < 100; ++i) stage.pool().memory->retries.spend(stage.time.now());
}

TEST(RetryBudget, EndsTheRetriesOfAPool) {
  ExchangeStage stage(2);
  use_budget_up(stage);
  stage.run();
  stage.conn(0).reset();
  stage.turn();
  EXPECT_FALSE(stage.ended()) << "not before it is certain that the upstream lives on";
  for (int i = 0; i < 11; ++i) stage.pass(50ms);
  ASSERT_TRUE(stage.left_nothing_behind());
  EXPECT_EQ(stage.client.status(), 502);
  EXPECT_THAT(stage.log_line(), HasSubstr("\"outcome\":\"upstream_reset\""));
  EXPECT_THAT(stage.log_line(), HasSubstr("\"retry\":\"budget_used_up\""));
  for (const auto& connection : stage.dialer.connections) {
    EXPECT_EQ(connection->name, stage.name(0));
    EXPECT_EQ(connection->sent, connection == stage.dialer.connections.front()) << "it was only asked who is there";
  }
}

TEST(RetryBudget, IsPaidOnceForAConnectionThatManyWereOn) {
  const auto paid_for = std::make_shared<bool>(false);
  ExchangeStage first(2);
  first.run();
  first.conn(0).death_paid_for = paid_for;
  first.conn(0).reset();
  first.turn();
  EXPECT_TRUE(*paid_for);
  served_by(first, 1);

  ExchangeStage another(2);
  another.run();
  another.conn(0).death_paid_for = paid_for;
  use_budget_up(another);
  another.conn(0).reset();
  another.turn();
  ASSERT_EQ(another.dialer.connections.size(), 2u) << "at once: the budget has nothing to do with it";
  served_by(another, 1);
  EXPECT_THAT(another.log_line(), HasSubstr("\"retry\":\"reset_idempotent\""));
}

TEST(RetryBudget, IsNotForTheRequestsOfADeadUpstream) {
  for (const int accepted_while_dying : {0, 3}) {
    ExchangeStage stage(2);
    use_budget_up(stage);
    stage.run();
    stage.conn(0).reset();
    if (accepted_while_dying == 0) stage.dialer.fail_next(stage.name(0), UpstreamFailure::Refused);
    stage.turn();
    for (int i = 0; i < accepted_while_dying; ++i) {
      EXPECT_FALSE(stage.ended());
      if (i + 1 == accepted_while_dying) stage.dialer.fail_next(stage.name(0), UpstreamFailure::Refused);
      stage.pass(50ms);
    }
    EXPECT_EQ(stage.dialer.last().name, stage.name(1));
    EXPECT_EQ(stage.refused, std::vector<std::string>{stage.name(0)});
    served_by(stage, stage.dialer.connections.size() - 1);
    EXPECT_THAT(stage.log_line(), HasSubstr("\"retry\":\"evicted_idempotent\""));
  }
}

TEST(RetryBudget, NoSlotIsHeldMeanwhile) {
  ExchangeStage stage(1, [](config::Config& config) { config.pools.front().max_in_flight = 1; });
  use_budget_up(stage);
  stage.run();
  EXPECT_FALSE(stage.upstream(0).has_slot());
  stage.conn(0).reset();
  stage.turn();
  EXPECT_FALSE(stage.ended());
  EXPECT_TRUE(stage.upstream(0).has_slot());
}

TEST(RetryBudget, AClientThatLeavesMeanwhileIsNotWaitedFor) {
  ExchangeStage stage(2);
  use_budget_up(stage);
  stage.run();
  stage.conn(0).reset();
  stage.turn();
  stage.client.leave();
  stage.turn();
  ASSERT_TRUE(stage.left_nothing_behind());
  EXPECT_THAT(stage.log_line(), HasSubstr("\"outcome\":\"client_closed\""));
}

TEST(RetryBudget, GrowsWithTheRequestsThatThePoolTook) {
  ExchangeStage stage(2);
  stage.pool().memory->retries.add_requests(1'000, stage.time.now());
  for (int i = 0; i < 100; ++i) stage.pool().memory->retries.spend(stage.time.now());
  stage.run();
  stage.conn(0).reset();
  stage.turn();
  ASSERT_EQ(stage.dialer.connections.size(), 2u);
  served_by(stage, 1);
}

}  // namespace
}  // namespace frontdoor
