// Which instance is replaced for its memory, and how seldom when that is in vain.

#include "supervisor/triggers/memory_limit.h"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace frontdoor {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class LimitedPool {
 public:
  explicit LimitedPool(std::uint64_t limit) : memory(limit) {}

  // One look a second; the number of the instance that is to be replaced, or 0.
  unsigned look(std::vector<MemoryLook> instances) {
    now += seconds(1);
    verdict = memory.look(instances, now);
    return verdict ? verdict->number : 0;
  }

  MemoryLimit memory;
  TimePoint now{hours(1)};
  std::optional<MemoryLimit::Verdict> verdict;
};

MemoryLook look_at(unsigned number, std::uint64_t bytes, Duration lived = hours(5), std::uint32_t starts = 1) {
  return {number, starts, bytes, lived};
}

TEST(MemoryLimit, AReplacementThatWasInterruptedIsTriedAgainLater) {
  LimitedPool pool(100);
  pool.memory.interrupted(pool.now);
  pool.look({look_at(1, 101)});
  EXPECT_EQ(pool.look({look_at(1, 101)}), 1u);
  EXPECT_EQ(pool.look({look_at(1, 101)}), 0u) << "under way";
  pool.memory.interrupted(pool.now);
  EXPECT_EQ(pool.look({look_at(1, 101)}), 0u);
  pool.now += seconds(10);
  EXPECT_EQ(pool.look({look_at(1, 101)}), 1u);
}

TEST(MemoryLimit, APeakIsNoLeak) {
  LimitedPool pool(100);
  EXPECT_EQ(pool.look({look_at(1, 101)}), 0u);
  EXPECT_EQ(pool.look({look_at(1, 100)}), 0u);
  EXPECT_EQ(pool.look({look_at(1, 101)}), 0u);
  EXPECT_EQ(pool.look({look_at(1, 101)}), 1u);
  EXPECT_EQ(pool.verdict->bytes, 101u);
  EXPECT_FALSE(pool.verdict->too_low);
}

TEST(MemoryLimit, TwoLivesAreTwoMatters) {
  LimitedPool pool(100);
  EXPECT_EQ(pool.look({look_at(1, 200, hours(1), 1)}), 0u);
  EXPECT_EQ(pool.look({look_at(1, 200, seconds(0), 2)}), 0u);
  EXPECT_EQ(pool.look({}), 0u);  // not up for a moment
  EXPECT_EQ(pool.look({look_at(1, 200, seconds(1), 2)}), 0u);
}

TEST(MemoryLimit, OneAtATimeTheLargestFirst) {
  LimitedPool pool(100);
  const std::vector<MemoryLook> all{look_at(1, 150), look_at(2, 300), look_at(3, 50), look_at(4, 200)};
  EXPECT_EQ(pool.look(all), 0u);
  EXPECT_EQ(pool.look(all), 2u);
  EXPECT_EQ(pool.look(all), 0u);
  EXPECT_EQ(pool.look(all), 0u);
  pool.memory.replaced(true, pool.now);
  EXPECT_EQ(pool.look({look_at(1, 150), look_at(2, 40, seconds(1), 2), look_at(3, 50), look_at(4, 200)}), 4u);
  pool.memory.replaced(true, pool.now);
  EXPECT_EQ(pool.look({look_at(1, 150), look_at(2, 40), look_at(3, 50), look_at(4, 20)}), 1u);
}

TEST(MemoryLimit, ALimitBelowWhatTheAppNeedsIsToldAndWaitsLongerEachTime) {
  LimitedPool pool(100);
  const auto fresh = [&] { return std::vector<MemoryLook>{look_at(1, 200, seconds(3))}; };
  pool.look(fresh());
  ASSERT_EQ(pool.look(fresh()), 1u);
  EXPECT_FALSE(pool.verdict->too_low);  // one may have had a bad day
  pool.memory.replaced(true, pool.now);
  pool.look({});
  Duration expected = seconds(10);
  for (int times = 0; times < 12; ++times) {
    EXPECT_EQ(pool.look(fresh()), 0u);
    ASSERT_EQ(pool.look(fresh()), 1u) << times;
    EXPECT_TRUE(pool.verdict->too_low);
    EXPECT_EQ(pool.verdict->pause, expected);
    pool.memory.replaced(true, pool.now);
    const TimePoint again = pool.now + expected;
    pool.now = again - seconds(3);
    EXPECT_EQ(pool.look(fresh()), 0u);
    EXPECT_EQ(pool.look(fresh()), 0u);
    pool.now = again;
    pool.look({});
    expected = std::min<Duration>(expected * 2, hours(1));
  }
}

TEST(MemoryLimit, ALongLifeForgives) {
  LimitedPool pool(100);
  for (int times = 0; times < 2; ++times) {
    pool.look({look_at(1, 200, seconds(3))});
    EXPECT_EQ(pool.look({look_at(1, 200, seconds(4))}), 1u);
    pool.memory.replaced(true, pool.now);
    pool.look({});
  }
  pool.now += minutes(2);
  pool.look({look_at(1, 200, minutes(2), 2)});
  EXPECT_EQ(pool.look({look_at(1, 200, minutes(2), 2)}), 1u);
  EXPECT_FALSE(pool.verdict->too_low);
  EXPECT_EQ(pool.verdict->pause, Duration{});
}

TEST(MemoryLimit, AReplacementThatFailedIsNotTriedAgainAtOnce) {
  LimitedPool pool(100);
  pool.look({look_at(1, 200)});
  EXPECT_EQ(pool.look({look_at(1, 200)}), 1u);
  pool.memory.replaced(false, pool.now);
  EXPECT_EQ(pool.look({look_at(1, 200)}), 0u);
  pool.now += seconds(10);
  EXPECT_EQ(pool.look({look_at(1, 200)}), 1u);
  pool.memory.replaced(false, pool.now);
  pool.now += seconds(15);
  EXPECT_EQ(pool.look({look_at(1, 200)}), 0u);  // longer each time
  pool.now += seconds(5);
  EXPECT_EQ(pool.look({look_at(1, 200)}), 1u);
  pool.memory.replaced(true, pool.now);
  pool.look({look_at(2, 200)});
  EXPECT_EQ(pool.look({look_at(2, 200)}), 2u);
}

TEST(MemoryLimit, AnotherLimitBeginsAnew) {
  LimitedPool pool(100);
  for (int times = 0; times < 2; ++times) {
    pool.look({look_at(1, 200, seconds(1))});
    EXPECT_EQ(pool.look({look_at(1, 200, seconds(2))}), 1u);
    pool.memory.replaced(true, pool.now);
    pool.look({});
  }
  pool.memory.set_limit(100);  // the same: a reload that changes something else
  EXPECT_EQ(pool.look({look_at(1, 200)}), 0u);
  EXPECT_EQ(pool.look({look_at(1, 200)}), 0u);
  pool.memory.set_limit(150);
  EXPECT_EQ(pool.look({look_at(1, 200)}), 0u);
  EXPECT_EQ(pool.look({look_at(1, 200)}), 1u);
}

}  // namespace
}  // namespace frontdoor
