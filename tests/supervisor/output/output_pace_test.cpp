// How fast apps may write.

#include "supervisor/output/output_pace.h"

#include <gtest/gtest.h>

namespace frontdoor {
namespace {

using namespace std::chrono_literals;

constexpr OutputPace::Rates kRates{.fast = 1'000'000, .slow = 100'000};

class Pace : public ::testing::Test {
 protected:
  TimePoint at(Duration since) const { return TimePoint{} + 1h + since; }
  // Bytes that an app which never stops gets rid of in a second.
  std::size_t in_a_second(bool behind, std::size_t block, std::size_t lines) {
    std::size_t bytes = 0;
    Duration now{};
    while (now < 1s) {
      pace_.read(block, lines, at(now), behind);
      bytes += block;
      now += pace_.wait(at(now), behind);
    }
    return bytes;
  }
  OutputPace pace_{kRates, at(0s)};
};

TEST_F(Pace, AQuietAppNeverWaits) {
  for (int second = 0; second < 100; ++second) {
    pace_.read(1'000, 10, at(second * 1s), second % 2 == 0);
    EXPECT_EQ(pace_.wait(at(second * 1s), true), 0s) << second;
  }
}

// In its first second a tenth more.
TEST_F(Pace, AFloodIsHeldToItsRate) { EXPECT_NEAR(static_cast<double>(in_a_second(false, 10'000, 0)), 1'100'000, 20'000); }

TEST_F(Pace, ShortLinesCountForMoreThanTheirBytes) {
  EXPECT_NEAR(static_cast<double>(in_a_second(false, 1'000, 1'000)), 1'100'000 / 101.0, 1'500);
}

TEST_F(Pace, ADestinationThatTakesNothingSlowsAnAppAndNeverStopsIt) {
  EXPECT_NEAR(static_cast<double>(in_a_second(true, 10'000, 0)), 110'000, 20'000);
}

TEST_F(Pace, WhatIsOwedIsPaidFasterOnceTheDestinationHasCaughtUp) {
  pace_.read(100'000, 0, at(0s), true);
  EXPECT_EQ(pace_.wait(at(0s), true), 900ms);
  EXPECT_EQ(pace_.wait(at(0s), false), 90ms);
}

TEST_F(Pace, ALongSilenceSavesNothingUp) {
  pace_.wait(at(1h), false);
  pace_.read(200'000, 0, at(1h), false);
  EXPECT_EQ(pace_.wait(at(1h), false), 100ms);
}

TEST_F(Pace, AClockThatStandsStillOrGoesBackIsNoGift) {
  pace_.read(100'000, 0, at(1s), false);
  pace_.read(100'000, 0, at(0s), false);
  EXPECT_GT(pace_.wait(at(0s), false), 90ms);
}

}  // namespace
}  // namespace frontdoor
