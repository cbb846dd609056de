#include "observe/latency.h"

#include <gtest/gtest.h>

#include <limits>

namespace frontdoor {
namespace {

using namespace std::chrono_literals;

Latency counted(std::initializer_list<Duration> durations) {
  LatencyCount count;
  for (const Duration duration : durations) count.add(duration);
  Latency total;
  count.add_to(total);
  return total;
}

TEST(Latency, EachDurationHasItsBucketAndABoundBelongsToItsOwn) {
  struct {
    Duration took;
    std::size_t bucket;
  } cases[] = {{Duration{-5}, 0},   {0us, 0},        {500us, 0},  {500us + 1ns, 1}, {1ms, 1},          {1ms + 1ns, 2},
               {2'500us, 2},        {5ms, 3},        {10ms, 4},   {25ms, 5},        {50ms, 6},         {100ms, 7},
               {250ms, 8},          {500ms, 9},      {1s, 10},    {2'500ms, 11},    {5s, 12},          {10s, 13},
               {10s + 1ns, 14},     {24h, 14}};
  for (const auto& c : cases) {
    const Latency total = counted({c.took});
    EXPECT_EQ(total.buckets[c.bucket], 1u) << c.took.count();
    EXPECT_EQ(total.count(), 1u);
    EXPECT_EQ(total.sum_nanos, static_cast<std::uint64_t>(std::max<std::int64_t>(c.took.count(), 0)));
  }
}

TEST(Latency, QuantilesLieBetweenTheBoundsOfTheirBucket) {
  EXPECT_EQ(Latency{}.quantile(0.99), 0);
  const Latency even = counted({2ms, 2ms, 2ms, 2ms});
  EXPECT_DOUBLE_EQ(even.quantile(0.5), 0.001 + 0.0015 * 0.5);
  EXPECT_DOUBLE_EQ(even.quantile(1), 0.0025);
  EXPECT_DOUBLE_EQ(even.quantile(0), 0.001);
  Latency mixed = counted({1ms, 1ms, 1ms, 1ms, 1ms, 1ms, 1ms, 1ms, 1ms, 300ms});
  EXPECT_LE(mixed.quantile(0.9), 0.001);
  EXPECT_GT(mixed.quantile(0.95), 0.25);
  EXPECT_LE(mixed.quantile(0.95), 0.5);
  EXPECT_EQ(counted({1h}).quantile(0.5), 10) << "behind the last bound nobody knows more";
  EXPECT_EQ(counted({1ms}).quantile(7), counted({1ms}).quantile(1));
}

TEST(Latency, TwoReadingsMakeTheTimeBetween) {
  LatencyCount count;
  Latency before, after;
  count.add(Duration(1ms));
  count.add_to(before);
  count.add(Duration(1ms));
  count.add(Duration(20ms));
  count.add_to(after);
  EXPECT_EQ(after.since(before), counted({1ms, 20ms}));
  EXPECT_EQ(before.since(after), Latency{}) << "what has begun anew is not less than nothing";
  before += counted({1ms, 20ms});
  EXPECT_EQ(before, after);
}

}  // namespace
}  // namespace frontdoor
