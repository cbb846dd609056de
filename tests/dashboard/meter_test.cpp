#include "dashboard/meter.h"

#include <gtest/gtest.h>

#include <cmath>

#include "dashboard/picture.h"

namespace frontdoor {
namespace {

TrafficTotals requests(std::uint64_t count, std::uint64_t errors = 0) {
  TrafficTotals totals{count, errors, {}, 3, 1};
  totals.latency.buckets[4] = count;  // between 5 and 10 ms
  return totals;
}

TEST(Meter, ReadsTheLastThreeSeconds) {
  Meter meter;
  EXPECT_EQ(meter.read().requests, 0);
  meter.add(1, requests(1'000));
  EXPECT_EQ(meter.read().requests, 0);  // of one moment nobody knows a rate
  EXPECT_EQ(meter.read().in_flight, 3u);
  for (std::int64_t second = 2; second <= 10; ++second)
    meter.add(second, requests(1'000 + static_cast<std::uint64_t>(second) * 10, static_cast<std::uint64_t>(second)));
  EXPECT_EQ(meter.read().requests, 10);
  EXPECT_EQ(meter.read().errors, 1);
  EXPECT_EQ(meter.read().held, 1u);
  EXPECT_NEAR(meter.read().p95_ms, 9.75, 0.01);
  meter.add(13, requests(1'130, 10));  // two seconds were missed: the window is the gap
  EXPECT_EQ(meter.read().requests, 10);
}

TEST(Meter, ACrashedAndANewlyCountedOneSayWhatTheyKnow) {
  Meter meter;
  meter.add(1, requests(1'000));
  meter.add(2, requests(6));  // begun anew
  EXPECT_EQ(meter.read().requests, 6);
  meter.add(2, requests(500));  // the same second again
  EXPECT_EQ(meter.read().requests, 6);
  meter.add(3, requests(6));
  meter.add(4, requests(6));
  meter.add(5, requests(6));
  EXPECT_EQ(meter.read().requests, 0);
  EXPECT_TRUE(std::isnan(meter.read().p95_ms));
}

TEST(Meter, SaysThatSparksHaveGrownAlsoWhenTheirSecondWasMissed) {
  const auto grows = [](std::initializer_list<std::int64_t> seconds) {
    Meters meters;
    std::string grown;
    for (const std::int64_t second : seconds) {
      meters.begin(second);
      meters.add("up/app/a", requests(static_cast<std::uint64_t>(second)));
      meters.finish();
      if (meters.sparked()) grown += std::to_string(second) + ' ';
    }
    return grown;
  };
  EXPECT_EQ(grows({4, 5, 6, 7, 8, 9, 10, 11}), "5 10 ");
  EXPECT_EQ(grows({4, 6, 7, 11, 12}), "6 11 ");  // the control thread was late
  EXPECT_EQ(grows({5, 6}), "");                  // nothing is known before the first
}

TEST(Meter, SparksComeEveryFiveSecondsAtTheSameSecondsForAll) {
  Meter early, late;
  for (std::int64_t second = 0; second < 20; ++second) early.add(second, requests(static_cast<std::uint64_t>(second)));
  for (std::int64_t second = 13; second < 20; ++second) late.add(second, requests(static_cast<std::uint64_t>(second) * 2));
  ASSERT_EQ(early.sparks().size(), 3u);  // at 5, 10 and 15
  EXPECT_EQ(early.sparks().back().requests, 1);
  ASSERT_EQ(late.sparks().size(), 1u);  // at 15
  EXPECT_EQ(late.sparks().back().requests, 2);
  EXPECT_EQ(to_json(late.sparks().back()), "[2,0,9.75]");
  for (std::int64_t second = 20; second < 1'000; ++second) early.add(second, requests(0));
  EXPECT_EQ(early.sparks().size(), Meter::kSparks);
}

TEST(Meters, ForgetWhatIsFedNoMoreAndTakeNoMoreThanTheyMay) {
  Meters meters;
  const auto feed = [&](std::int64_t second, int count) {
    meters.begin(second);
    for (int i = 0; i < count; ++i) meters.add(std::to_string(i), requests(static_cast<std::uint64_t>(second)));
    meters.finish();
  };
  feed(4, 2);
  EXPECT_FALSE(meters.sparked());
  feed(5, 1);
  EXPECT_TRUE(meters.sparked());
  EXPECT_NE(meters.find("0"), nullptr);
  EXPECT_EQ(meters.find("1"), nullptr);
  feed(6, 3'000);
  std::size_t count = 0;
  meters.for_each([&](const std::string&, const Meter&) { ++count; });
  EXPECT_EQ(count, Meters::kMost);
}

}  // namespace
}  // namespace frontdoor
