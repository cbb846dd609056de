#include "dashboard/history.h"

#include <gtest/gtest.h>

#include <cmath>

#include "dashboard/frame.h"

namespace frontdoor {
namespace {

TrafficTotals totals(std::uint64_t requests, std::uint64_t errors = 0, std::uint64_t in_flight = 0, std::uint64_t held = 0) {
  TrafficTotals totals{requests, errors, {}, in_flight, held};
  totals.latency.buckets[2] = requests;  // between 1 and 2.5 ms
  return totals;
}

TEST(History, ASecondIsWhatWasCountedInIt) {
  History history;
  EXPECT_EQ(history.add(10, totals(100)), 0u);  // the first says nothing of a second
  EXPECT_EQ(history.add(11, totals(130, 3, 7, 2)), 1u);
  const HistoryPoint point = history.seconds().back();
  EXPECT_EQ(point.requests, 30);
  EXPECT_EQ(point.errors, 3);
  EXPECT_EQ(point.in_flight, 7);
  EXPECT_EQ(point.held, 2);
  EXPECT_NEAR(point.p50, 1.75, 0.01);
  EXPECT_NEAR(point.p99, 2.485, 0.01);
}

TEST(History, WithoutRequestsNothingIsSaidOfTheirTimes) {
  History history;
  history.add(10, totals(100));
  history.add(11, totals(100));
  EXPECT_EQ(history.seconds().back().requests, 0);
  EXPECT_TRUE(std::isnan(history.seconds().back().p50));
  EXPECT_EQ(to_json(history.seconds().back()), "[0,0,null,null,null,0,0]");
}

// What the clock and the process may do to it: a row each of seconds, counts, and what is kept.
TEST(History, GapsResetsAndStandingClocks) {
  struct {
    const char* what;
    std::int64_t second;
    std::uint64_t requests;
    std::size_t points;
    float last;
  } const cases[] = {
      {"two seconds were missed", 13, 130, 3, 10},
      {"the same second again is left for the next", 10, 130, 0, 0},
      {"a clock that goes back is waited for", 7, 130, 0, 0},
      {"counts that begin anew count from zero", 11, 5, 1, 5},
      {"a whole chart was missed", 10 + 300, 400, 300, 1},
  };
  for (const auto& c : cases) {
    History history;
    history.add(10, totals(100));
    EXPECT_EQ(history.add(c.second, totals(c.requests)), c.points) << c.what;
    EXPECT_EQ(history.seconds().size(), c.points) << c.what;
    if (c.points == 0) continue;
    EXPECT_FLOAT_EQ(history.seconds().back().requests, c.last) << c.what;
  }
}

TEST(History, WhatWasMissedForLongerThanTheChartIsUnknown) {
  History history;
  history.add(10, totals(100));
  history.add(11, totals(110));
  EXPECT_EQ(history.add(1'000'000, totals(500)), History::kSeconds);
  EXPECT_EQ(history.seconds().size(), History::kSeconds);
  EXPECT_TRUE(std::isnan(history.seconds().back().requests));
  EXPECT_TRUE(std::isnan(history.seconds()[0].in_flight));
  EXPECT_EQ(history.minutes().size(), History::kMinutes);
  history.add(1'000'001, totals(507));
  EXPECT_EQ(history.seconds().back().requests, 7);
}

TEST(History, AMinuteHasItsMeanRateAndItsHighestGauges) {
  History history;
  for (std::int64_t second = 60; second <= 120; ++second)
    history.add(second, totals(static_cast<std::uint64_t>(second) * 4, 0, second == 90 ? 50 : 1, second == 100 ? 9 : 0));
  ASSERT_EQ(history.minutes().size(), 1u);
  EXPECT_EQ(history.minutes().back().requests, 4);
  EXPECT_EQ(history.minutes().back().in_flight, 50);
  EXPECT_EQ(history.minutes().back().held, 9);
  for (std::int64_t second = 121; second <= 180; ++second) history.add(second, totals(static_cast<std::uint64_t>(second) * 4));
  EXPECT_EQ(history.minutes().size(), 2u);
  EXPECT_EQ(history.minutes().back().in_flight, 0);
}

TEST(History, KeepsFiveMinutesAndADayAndNoMore) {
  History history;
  for (std::int64_t second = 0; second < 90'000; ++second) history.add(second, totals(static_cast<std::uint64_t>(second)));
  EXPECT_EQ(history.seconds().size(), 300u);
  EXPECT_EQ(history.minutes().size(), 1'440u);
  EXPECT_EQ(history.minutes()[0].requests, 1);
  EXPECT_EQ(last_points(history.seconds(), 2), to_json(history.seconds()[298]) + ',' + to_json(history.seconds()[299]));
  EXPECT_EQ(last_points(history.seconds(), 0), "");
}

}  // namespace
}  // namespace frontdoor
