#include "cli/stuck_watch.h"

#include <gtest/gtest.h>

namespace frontdoor {
namespace {

using namespace std::chrono_literals;

TEST(StuckWatch, SaysSoOfAWorkerThatIsSilentForTenSeconds) {
  StuckWatch watch;
  const TimePoint start = TimePoint{} + 1h;
  EXPECT_EQ(watch.look(std::nullopt, start), std::nullopt);
  EXPECT_EQ(watch.look(1, start + 1s), std::nullopt) << "it has only just been asked";
  EXPECT_EQ(watch.look(1, start + 10s), std::nullopt);
  EXPECT_EQ(watch.look(1, start + 11s), 1u);
  EXPECT_EQ(watch.look(std::nullopt, start + 12s), std::nullopt) << "it has woken up";
  EXPECT_EQ(watch.look(1, start + 30s), std::nullopt);
}

}  // namespace
}  // namespace frontdoor
