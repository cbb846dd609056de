// What goes on happening is told at once, and then once for each interval.

#include "base/paced_count.h"

#include <gtest/gtest.h>

namespace frontdoor {
namespace {

TEST(PacedCount, TellsTheFirstAtOnceAndThenOncePerInterval) {
  struct {
    int at_s;
    std::uint64_t total;
    std::uint64_t told;  // 0: nothing
  } const steps[] = {{0, 0, 0},   {1, 3, 3},   {2, 5, 0},   {10, 9, 0}, {11, 9, 6},
                     {12, 10, 0}, {40, 10, 1}, {60, 10, 0}, {61, 11, 1}};
  PacedCount count{std::chrono::seconds{10}};
  for (const auto& step : steps)
    EXPECT_EQ(count.due(step.total, TimePoint{} + std::chrono::hours{1} + std::chrono::seconds{step.at_s})
                  .value_or(0),
              step.told)
        << "after " << step.at_s << " s";
}

}  // namespace
}  // namespace frontdoor
