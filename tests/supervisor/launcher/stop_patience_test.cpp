#include "supervisor/launcher/stop_patience.h"

#include <gtest/gtest.h>

namespace frontdoor {
namespace {

constexpr TimePoint kStopBegan{Duration{1'000'000}};

TEST(StopPatience, RunsFromTheFirstWordAndASecondOneShortensIt) {
  StopPatience stop;
  EXPECT_FALSE(stop.began());
  EXPECT_EQ(stop.over_at(), TimePoint::max()) << "nobody has asked for anything";
  EXPECT_EQ(stop.waited(kStopBegan), Millis{0});
  stop.told(kStopBegan, Millis{30'000});
  EXPECT_TRUE(stop.began());
  EXPECT_FALSE(stop.hurried());
  EXPECT_EQ(stop.over_at(), kStopBegan + Millis{30'000});
  stop.told(kStopBegan + Millis{1'000}, Millis{3'000});
  EXPECT_TRUE(stop.hurried());
  EXPECT_EQ(stop.over_at(), kStopBegan + Millis{4'000});
  stop.told(kStopBegan + Millis{2'000}, Millis{3'000});
  EXPECT_EQ(stop.over_at(), kStopBegan + Millis{4'000}) << "asking again does not give it more";
  EXPECT_EQ(stop.waited(kStopBegan + Millis{4'000}), Millis{4'000});
  stop.has_been_killed();
  EXPECT_EQ(stop.over_at(), TimePoint::max());
  EXPECT_TRUE(stop.began());
}

}  // namespace
}  // namespace frontdoor
