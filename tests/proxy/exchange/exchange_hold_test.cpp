// Requests that wait for an upstream instead of failing, and what ends their wait.

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "proxy/exchange/replay.h"
#include "support/served_by.h"

namespace frontdoor {
namespace {

using namespace std::chrono_literals;
using http::BodyKind;
using ::testing::HasSubstr;
using testing::ExchangeStage;

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

}  // namespace
}  // namespace frontdoor
