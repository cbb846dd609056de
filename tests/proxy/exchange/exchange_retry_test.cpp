// Retries that have a condition: a status of retry.on, what is left of the budget.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "support/served_by.h"

namespace frontdoor {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::ExchangeStage;

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

// The budget belongs to all workers: another one may spend in the next moment what this one was just granted.
TEST(RetryBudget, WhatWasGrantedHoldsWhenAnotherWorkerSpendsTheLastOfIt) {
  for (const bool by_status : {false, true}) {
    ExchangeStage stage(2, retry_503);
    stage.run();
    int looks = 0;
    stage.conn(0).when_reuse_is_asked = [&] {
      if (++looks == 2) use_budget_up(stage);
    };
    if (by_status) stage.conn(0).respond(503);
    else stage.conn(0).reset();
    stage.turn();
    ASSERT_GT(looks, 2) << "it is judged twice, and only at first the budget had one more";
    ASSERT_EQ(stage.dialer.last().name, stage.name(1));
    served_by(stage, stage.dialer.connections.size() - 1);
    EXPECT_THAT(stage.log_line(), HasSubstr(by_status ? "\"retry\":\"status_idempotent\"" : "\"retry\":\"reset_idempotent\""));
  }
}

TEST(RetryBudget, WhatWasGrantedIsForOneRetry) {
  ExchangeStage stage(3);
  stage.run();
  int looks = 0;
  stage.conn(0).when_reuse_is_asked = [&] {
    if (++looks == 2) use_budget_up(stage);
  };
  stage.conn(0).reset();
  stage.turn();
  ASSERT_EQ(stage.dialer.last().name, stage.name(1));
  stage.conn(stage.dialer.connections.size() - 1).reset();
  stage.turn();
  EXPECT_FALSE(stage.ended()) << "not before it is certain that the upstream lives on";
  for (int i = 0; i < 11; ++i) stage.pass(50ms);
  ASSERT_TRUE(stage.left_nothing_behind());
  EXPECT_THAT(stage.log_line(), HasSubstr("\"retry\":\"budget_used_up\""));
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
