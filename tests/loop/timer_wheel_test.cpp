// The wheel's promise: never early, at most one tick late, and a loop that sleeps as long as it says misses
// nothing.

#include "loop/timer_wheel.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <vector>

namespace frontdoor {
namespace {

using namespace std::chrono_literals;

struct TestTimer final : Timer {
  std::function<void(TimePoint)> action;
  std::vector<TimePoint> fired;
  void expired(TimePoint now) override {
    fired.push_back(now);
    if (action) action(now);
  }
};

const TimePoint kStart{1'000'000h + 7ms};  // in the middle of a tick

TEST(TimerWheel, FiresNeverEarlyAndAtMostOneTickLate) {
  for (const Duration wait :
       {Duration{0}, Duration{1ns}, Duration{1ms}, Duration{9ms}, Duration{16ms}, Duration{17ms},
        Duration{1s}, Duration{16'383ms}, Duration{16'384ms}, Duration{40s}}) {
    TimerWheel wheel(kStart);
    TestTimer timer;
    wheel.arm(timer, kStart + wait);
    TimePoint now = kStart;
    while (timer.fired.empty()) {
      now += 1ms;
      wheel.advance(now);
      ASSERT_LT(now, kStart + wait + 1s);
    }
    EXPECT_GE(now, kStart + wait);
    EXPECT_LE(now, kStart + wait + TimerWheel::kTick + 1ms) << wait.count();  // +1: how often this test looks
    EXPECT_FALSE(timer.armed());
  }
}

TEST(TimerWheel, ADueTimeInThePastFiresWithTheNextTick) {
  TimerWheel wheel(kStart);
  TestTimer timer;
  wheel.arm(timer, kStart - 5s);
  wheel.advance(kStart + TimerWheel::kTick);
  EXPECT_EQ(timer.fired.size(), 1u);
}

TEST(TimerWheel, ACancelledTimerDoesNotFire) {
  TimerWheel wheel(kStart);
  TestTimer cancelled;
  TestTimer kept;
  wheel.arm(cancelled, kStart + 50ms);
  wheel.arm(kept, kStart + 50ms);
  cancelled.cancel();
  EXPECT_FALSE(cancelled.armed());
  wheel.advance(kStart + 10s);
  EXPECT_TRUE(cancelled.fired.empty());
  EXPECT_EQ(kept.fired.size(), 1u);
}

TEST(TimerWheel, ATimerThatDiesIsForgotten) {
  TimerWheel wheel(kStart);
  {
    TestTimer timer;
    wheel.arm(timer, kStart + 50ms);
  }
  wheel.advance(kStart + 10s);
}

TEST(TimerWheel, ArmingAgainReplacesTheDueTime) {
  TimerWheel wheel(kStart);
  TestTimer timer;
  wheel.arm(timer, kStart + 50ms);
  wheel.arm(timer, kStart + 500ms);
  EXPECT_EQ(timer.due(), kStart + 500ms);
  wheel.advance(kStart + 400ms);
  EXPECT_TRUE(timer.fired.empty());
  wheel.arm(timer, kStart + 420ms);
  wheel.advance(kStart + 450ms);
  EXPECT_EQ(timer.fired.size(), 1u);
  wheel.advance(kStart + 10s);
  EXPECT_EQ(timer.fired.size(), 1u);
}

TEST(TimerWheel, ATimerMayBeArmedAgainForTheSameTick) {
  TimerWheel wheel(kStart);
  TestTimer timer;
  wheel.arm(timer, kStart + 52ms);
  wheel.arm(timer, kStart + 51ms);
  wheel.advance(kStart + 100ms);
  EXPECT_EQ(timer.fired.size(), 1u);
}

TEST(TimerWheel, ATimerMayArmItselfAgainWhenItFires) {
  TimerWheel wheel(kStart);
  TestTimer timer;
  timer.action = [&](TimePoint now) { wheel.arm(timer, now + 100ms); };
  wheel.arm(timer, kStart + 100ms);
  for (TimePoint now = kStart; now < kStart + 1s; now += 1ms) wheel.advance(now);
  EXPECT_GE(timer.fired.size(), 8u);
  EXPECT_LE(timer.fired.size(), 9u);
}

TEST(TimerWheel, ATimerMayCancelOneThatIsDueInTheSameTick) {
  TimerWheel wheel(kStart);
  TestTimer first;
  TestTimer second;
  first.action = [&](TimePoint) { second.cancel(); };
  wheel.arm(first, kStart + 50ms);
  wheel.arm(second, kStart + 50ms);
  wheel.advance(kStart + 100ms);
  EXPECT_EQ(first.fired.size(), 1u);
  EXPECT_TRUE(second.fired.empty());
}

TEST(TimerWheel, ALongSleepFiresEverythingThatFellDue) {
  TimerWheel wheel(kStart);
  std::vector<TestTimer> timers(100);
  for (std::size_t i = 0; i < timers.size(); ++i)
    wheel.arm(timers[i], kStart + i * 700ms);  // over four turns
  wheel.advance(kStart + 35'350ms);
  for (std::size_t i = 0; i < timers.size(); ++i)
    EXPECT_EQ(timers[i].fired.size(), i <= 50 ? 1u : 0u) << i;
  wheel.advance(kStart + 24h);
  for (auto& timer : timers) EXPECT_EQ(timer.fired.size(), 1u);
}

TEST(TimerWheel, MayStartNearTheClocksZero) {
  TimerWheel wheel{TimePoint{}};
  TestTimer timer;
  wheel.arm(timer, TimePoint{3ms});
  wheel.advance(TimePoint{16ms});
  EXPECT_EQ(timer.fired.size(), 1u);
}

TEST(TimerWheel, SaysHowLongALoopMaySleep) {
  TimerWheel wheel(kStart);
  EXPECT_EQ(wheel.sleep_limit(kStart), std::nullopt);
  TestTimer timer;
  wheel.arm(timer, kStart + 1s);
  ASSERT_TRUE(wheel.sleep_limit(kStart));
  EXPECT_GE(*wheel.sleep_limit(kStart), 1s);
  EXPECT_LE(*wheel.sleep_limit(kStart), 1s + TimerWheel::kTick);
  EXPECT_EQ(*wheel.sleep_limit(kStart + 2s), Duration::zero());  // overdue already
  timer.cancel();
  wheel.advance(kStart + 2s);
  EXPECT_EQ(wheel.sleep_limit(kStart + 2s), std::nullopt) << "a cancelled timer wakes a loop once at most";
}

// Random arms, cancels and sleeps against a list of due times. The loop always sleeps exactly as long as the
// wheel allows or less; had it said too much, a timer would be later than a tick.
TEST(TimerWheel, AgreesWithANaiveModel) {
  std::mt19937_64 random(20'261'123);
  const auto below = [&](std::uint64_t limit) { return random() % limit; };
  TimerWheel wheel(kStart);
  std::vector<TestTimer> timers(64);
  std::vector<std::optional<TimePoint>> due(timers.size());
  TimePoint now = kStart;

  for (int step = 0; step < 50'000; ++step) {
    const std::size_t i = below(timers.size());
    switch (below(4)) {
      case 0:
        timers[i].cancel();
        due[i].reset();
        break;
      case 1:  // near
        due[i] = now + std::chrono::microseconds(below(100'000));
        wheel.arm(timers[i], *due[i]);
        break;
      case 2:  // up to three turns of the wheel away
        due[i] = now + Millis(below(50'000));
        wheel.arm(timers[i], *due[i]);
        break;
      default:
        break;
    }

    const auto limit = wheel.sleep_limit(now);
    bool any = false;
    for (std::size_t t = 0; t < timers.size(); ++t) {
      any = any || due[t].has_value();
      if (due[t] && limit) {
        ASSERT_LE(now + *limit, std::max(now, *due[t] + TimerWheel::kTick)) << "slept too long";
      }
    }
    ASSERT_TRUE(limit || !any);

    Duration sleep = limit.value_or(Duration{1s});
    if (below(2)) sleep = std::chrono::microseconds(below(30'000));
    if (below(500) == 0) sleep = 45s;  // the process was stopped
    now += sleep;
    wheel.advance(now);

    for (std::size_t t = 0; t < timers.size(); ++t) {
      const bool fired = !timers[t].fired.empty();
      timers[t].fired.clear();
      if (fired) {
        ASSERT_TRUE(due[t] && *due[t] <= now) << "early, or not armed";
        due[t].reset();
      }
      ASSERT_TRUE(!due[t] || now < *due[t] + TimerWheel::kTick) << "later than a tick";
      ASSERT_EQ(timers[t].armed(), due[t].has_value());
    }
  }
}

}  // namespace
}  // namespace frontdoor
