// A request that was reset by the only upstream that could take it: it waits before that one gets it again, and no longer
// than until another can.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "proxy/exchange/replay.h"
#include "support/served_by.h"

namespace frontdoor {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::ExchangeStage;
using testing::served_by_last;

std::size_t connections_asked(ExchangeStage& stage) {
  const auto& all = stage.dialer.connections;
  return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [](const auto& each) { return each->sent; }));
}

struct SameAgainStage : ExchangeStage {
  // Its first upstream has reset the request. The others are down.
  explicit SameAgainStage(unsigned upstreams, const Adjust& adjust = {}) : ExchangeStage(upstreams, adjust) {
    for (unsigned i = 1; i < upstreams; ++i) take_down(i);
    run();
    reset_again();
  }
  void reset_again() {
    dialer.last().reset();
    turn();
  }
  // Timers may be late, and are never early; pass() allows for the former.
  void pass_no_more_than(Duration by) {
    time.advance(by);
    turn();
  }
  void expect_served_by(std::size_t i) {
    EXPECT_EQ(dialer.last().name, name(i));
    testing::served_by_last(*this);
  }
};

TEST(SameAgain, TheOnlyOneGetsItAfterAMoment) {
  SameAgainStage stage(1);
  stage.pass_no_more_than(24ms);
  EXPECT_EQ(connections_asked(stage), 1u);
  stage.pass(1ms);
  EXPECT_EQ(connections_asked(stage), 2u);
  stage.reset_again();
  stage.pass_no_more_than(49ms);
  EXPECT_EQ(connections_asked(stage), 2u);
  stage.pass(1ms);
  EXPECT_EQ(connections_asked(stage), 3u);
  stage.expect_served_by(0);
}

// After an outage of a whole pool the first one that is back may be the one that resets every other request: its tries are
// for those that come behind it.
TEST(SameAgain, AnotherThatComesUpGetsItAtOnce) {
  SameAgainStage stage(3);
  for (int i = 0; i < 10; ++i) stage.pass_no_more_than(90ms);
  EXPECT_EQ(connections_asked(stage), 1u);
  stage.bring_up(2);
  stage.pass(20ms);
  EXPECT_EQ(connections_asked(stage), 2u);
  stage.expect_served_by(2);
  EXPECT_THAT(stage.log_line(), HasSubstr("\"tries\":2,\"retry\":\"reset_idempotent\""));
}

TEST(SameAgain, SoDoesOneThatWasFull) {
  ExchangeStage stage(2, [](config::Config& config) { config.pools.front().max_in_flight = 1; });
  ASSERT_TRUE(stage.upstream(1).take_slot());
  stage.run();
  stage.dialer.last().reset();
  stage.turn();
  EXPECT_TRUE(stage.upstream(0).has_slot()) << "who waits has no place on it";
  stage.pass(500ms);
  EXPECT_EQ(connections_asked(stage), 1u);
  stage.upstream(1).return_slot();
  stage.pass(20ms);
  ASSERT_EQ(connections_asked(stage), 2u);
  EXPECT_EQ(stage.dialer.last().name, stage.name(1));
  served_by_last(stage);
}

TEST(SameAgain, ButItDoesNotWaitForOneForEver) {
  SameAgainStage stage(2);
  stage.pass_no_more_than(999ms);
  EXPECT_EQ(connections_asked(stage), 1u);
  stage.pass(1ms);
  EXPECT_EQ(connections_asked(stage), 2u);
  stage.expect_served_by(0);
}

// A connection that was open a moment ago and was reset with the request on it has not ended of its age: the upstream resets
// requests, and would have the last try as well. (A first try does not look, and is sent again at once.)
TEST(SameAgain, AConnectionThatWasLookedAtIsNoStaleOne) {
  ExchangeStage stage(2);
  const auto idle = stage.dialer.add_idle(stage.name(1));
  stage.run();
  stage.take_down(0);
  stage.turn();
  ASSERT_TRUE(idle->sent) << "the second try";
  idle->reset();
  stage.turn();
  stage.pass(500ms);
  EXPECT_EQ(connections_asked(stage), 2u);
  stage.bring_up(0);
  stage.pass(20ms);
  ASSERT_EQ(connections_asked(stage), 3u);
  EXPECT_EQ(stage.dialer.last().name, stage.name(0));
  served_by_last(stage);
  EXPECT_THAT(stage.log_line(), HasSubstr("\"outcome\":\"served\""));
}

TEST(SameAgain, AFurtherTryIsNotForOneThatHasResetAnotherOfLate) {
  const struct {
    bool there_is_a_third;
    Millis ago;
    std::size_t goes_to;
  } cases[] = {{true, 5s, 2}, {false, 5s, 1}, {true, 11s, 1}};
  for (const auto& [there_is_a_third, ago, goes_to] : cases) {
    for (const std::uint32_t max_in_flight : {0u, 2u}) {
      ExchangeStage stage(3, [&](config::Config& config) { config.pools.front().max_in_flight = max_in_flight; });
      for (std::size_t i = 0; i < 3; ++i) {  // once around
        LocalUpstream* const each = stage.context.snapshot->pool(0).pick({});
        if (max_in_flight != 0) each->shared->return_slot();
        if (each->shared->name() == stage.name(1)) each->last_reset = stage.time.now() - ago;
      }
      if (!there_is_a_third) stage.take_down(2);
      stage.run();
      ASSERT_EQ(stage.dialer.last().name, stage.name(0));
      stage.dialer.last().reset();
      stage.turn();
      EXPECT_EQ(stage.dialer.last().name, stage.name(goes_to));
      EXPECT_EQ(stage.in_flight(), 1u);
      served_by_last(stage);
      for (std::size_t i = 0; max_in_flight != 0 && i < 3; ++i) {
        EXPECT_TRUE(stage.upstream(i).take_slot() && stage.upstream(i).take_slot()) << "no slot is lost";
        EXPECT_FALSE(stage.upstream(i).take_slot());
      }
    }
  }
}

// The upstream that resets every other request also resets those on connections that have served one.
TEST(SameAgain, NorIsTheIdleConnectionOfOneThatHasResetAnotherOfLate) {
  const struct {
    Millis ago;
    bool waits;
  } cases[] = {{9s, true}, {11s, false}};
  for (const auto& [ago, waits] : cases) {
    ExchangeStage stage(2);
    stage.take_down(1);
    stage.dialer.add_idle(stage.name(0));
    LocalUpstream* const upstream = stage.context.snapshot->pool(0).pick({});
    const TimePoint reset_at = upstream->last_reset = stage.time.now() - ago;
    stage.run();
    ASSERT_TRUE(stage.dialer.last().reused);
    stage.dialer.last().reset();
    stage.turn();
    EXPECT_EQ(connections_asked(stage), waits ? 1u : 2u);
    EXPECT_EQ(upstream->last_reset, reset_at) << "where it is only likely it does not last on";
    stage.bring_up(1);
    stage.pass(20ms);
    ASSERT_EQ(connections_asked(stage), 2u);
    EXPECT_EQ(stage.dialer.last().name, stage.name(waits ? 1 : 0));
    served_by_last(stage);
  }
}

// A backup is for when none of those before it is up.
TEST(SameAgain, AFurtherTryDoesNotGoToABackupForThat) {
  for (const std::uint32_t max_in_flight : {0u, 1u}) {
    ExchangeStage stage(3, [&](config::Config& config) {
      config.pools.front().upstreams[2].priority = 1;
      config.pools.front().max_in_flight = max_in_flight;
    });
    LocalPool& pool = stage.context.snapshot->pool(0);
    for (std::size_t i = 0; i < 2; ++i) {  // once around
      LocalUpstream* const each = pool.pick({});
      if (max_in_flight != 0) each->shared->return_slot();
      each->last_reset = stage.time.now();
    }
    stage.run();
    const std::string first = stage.dialer.last().name;
    stage.dialer.last().reset();
    stage.turn();
    EXPECT_NE(stage.dialer.last().name, first);
    EXPECT_NE(stage.dialer.last().name, stage.name(2));
    served_by_last(stage);
    for (std::size_t i = 0; max_in_flight != 0 && i < 3; ++i) EXPECT_TRUE(stage.upstream(i).take_slot()) << "no slot is lost";
  }
}

// Where upstreams close idle connections all the time, none would be left that is calm.
TEST(SameAgain, AnIdleConnectionThatHadEndedIsNoReset) {
  const struct {
    bool idle;
    bool is_reset;
  } cases[] = {{true, false}, {false, true}};
  for (const auto& [idle, is_reset] : cases) {
    ExchangeStage stage(1);
    if (idle) stage.dialer.add_idle(stage.name(0));
    LocalUpstream* const upstream = stage.context.snapshot->pool(0).pick({});
    stage.run();
    ASSERT_EQ(stage.dialer.last().reused, idle);
    stage.dialer.last().reset();
    stage.turn();
    EXPECT_EQ(upstream->last_reset != TimePoint{}, is_reset);
    stage.pass(25ms);
    served_by_last(stage);
  }
}

// After an outage hundreds wait for an upstream that is back. One that was reset overtakes none of them, and does not go back to
// the one that has reset it either.
TEST(SameAgain, BehindOthersItWaitsForAnotherOneInTheirQueue) {
  for (const bool looked_at : {false, true}) {
    ExchangeStage stage(2);
    const auto idle = stage.dialer.add_idle(stage.name(1));
    stage.run();
    if (looked_at) stage.take_down(0), stage.turn(), stage.bring_up(0);
    const std::size_t reset_by = looked_at ? 1 : 0;
    ASSERT_EQ(stage.dialer.last().name, stage.name(reset_by));
    Waker other(stage.loop);
    std::size_t asked = connections_asked(stage);
    {
      HeldPlace before(stage.context.held, stage.pool().memory, other);
      ASSERT_TRUE(before.enter(0, {10, 1'000}));
      stage.dialer.last().reset();
      stage.turn();
      EXPECT_EQ(stage.pool().memory->held.size(), 2u);
      stage.pass(2s);
      EXPECT_EQ(connections_asked(stage), asked);
    }
    stage.context.held.wake_all();
    stage.turn();
    ASSERT_EQ(connections_asked(stage), ++asked);
    EXPECT_EQ(stage.dialer.last().name, stage.name(1 - reset_by));
    served_by_last(stage);
    EXPECT_THAT(stage.log_line(), HasSubstr("\"outcome\":\"served\""));
  }
}

TEST(SameAgain, ThePauseIsPartOfTheRequestsTime) {
  SameAgainStage stage(2, [](config::Config& config) { config.timeouts.request = 300ms; });
  stage.pass_no_more_than(299ms);
  EXPECT_FALSE(stage.ended());
  stage.pass(1ms);
  ASSERT_TRUE(stage.left_nothing_behind());
  EXPECT_EQ(stage.client.status(), 504);
}

TEST(SameAgain, AClientThatLeavesMeanwhileIsNotWaitedFor) {
  SameAgainStage stage(2);
  stage.pass(100ms);
  stage.client.leave();
  stage.turn();
  ASSERT_TRUE(stage.left_nothing_behind());
  EXPECT_EQ(connections_asked(stage), 1u);
  EXPECT_THAT(stage.log_line(), HasSubstr("\"outcome\":\"client_closed\""));
}

// It may only have said all that it has to say: it has the time that it would have on an upstream.
TEST(SameAgain, AFinMeanwhileGivesItThatMuchTimeAndNoMore) {
  const struct {
    Millis client_fin;
    bool served;
  } cases[] = {{200ms, false}, {2s, true}};
  for (const auto& [client_fin, served] : cases) {
    SameAgainStage stage(2, [&](config::Config& config) { config.timeouts.client_fin = client_fin; });
    stage.client.finish();
    stage.turn();
    stage.pass_no_more_than(199ms);
    EXPECT_FALSE(stage.ended());
    stage.pass(1ms);
    EXPECT_EQ(stage.ended(), !served);
    if (served) {
      stage.pass(800ms);
      stage.expect_served_by(0);
    } else {
      EXPECT_TRUE(stage.left_nothing_behind());
      EXPECT_THAT(stage.log_line(), HasSubstr("\"outcome\":\"client_closed\""));
    }
  }
}

}  // namespace
}  // namespace frontdoor
