// Durations, sizes and shares at a glance.

#include "base/short_text.h"

#include <gtest/gtest.h>

namespace frontdoor {
namespace {

TEST(ShortText, RoundsNoErrorAwayAndNoSuccess) {
  const struct {
    double some, all;
    const char* shown;
  } cases[] = {{0, 0, "0%"},           {0, 9, "0%"},         {1, 0, "100%"},       {9, 9, "100%"},          {1, 29'999, "<0.01%"},
               {1, 10'000, "0.01%"},   {1, 500, "0.20%"},    {9.99, 100, "9.99%"}, {9.999, 100, "10%"},     {12.4, 100, "12%"},
               {98.9, 100, "99%"},     {99.5, 100, "99.50%"}, {99.99, 100, "99.99%"}, {29'998, 29'999, ">99.99%"}};
  for (const auto& c : cases) EXPECT_EQ(short_share(c.some, c.all), c.shown) << c.some << " of " << c.all;
}

TEST(ShortText, OfDurationsAndSizes) {
  EXPECT_EQ(short_duration(-5), "0s");
  EXPECT_EQ(short_duration(59'999), "59s");
  EXPECT_EQ(short_duration(60'000), "1m");
  EXPECT_EQ(short_duration(3'600'000), "1h");
  EXPECT_EQ(short_duration(11'100'000), "3h 5m");
  EXPECT_EQ(short_duration(86'400'000), "1d");
  EXPECT_EQ(short_size(1023 * 1024), "1023K");
  EXPECT_EQ(short_size(96 * 1024 * 1024), "96M");
  EXPECT_EQ(short_size(1288490189), "1.2G");
}

}  // namespace
}  // namespace frontdoor
