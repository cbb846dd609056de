#include "loop/memory_trim.h"

#include <gtest/gtest.h>

#include <vector>

namespace frontdoor {
namespace {

// Tells the watch each of `levels` for as many intervals as `over` needs, and collects what it said at the end of each.
std::vector<bool> verdicts(const std::vector<std::size_t>& levels) {
  BurstWatch watch;
  std::vector<bool> said;
  for (const std::size_t alive : levels) {
    bool over = false;
    for (unsigned i = 0; i < BurstWatch::kCalmFor; ++i) over = watch.over(alive) || over;
    said.push_back(over);
  }
  return said;
}

TEST(BurstWatch, IsOverWhenManyHaveGoneForGood) {
  using Said = std::vector<bool>;
  EXPECT_EQ(verdicts({10, 5'000, 10}), (Said{false, false, true}));
  EXPECT_EQ(verdicts({10, 5'000, 10, 10}), (Said{false, false, true, false})) << "once each";
  EXPECT_EQ(verdicts({30'000, 10'000, 5'000}), (Said{false, true, true})) << "clients go first, idle upstream connections later";
  EXPECT_EQ(verdicts({5'000, 4'000}), (Said{false, false})) << "less than a quarter";
  EXPECT_EQ(verdicts({200, 0}), (Said{false, false})) << "too few to matter";
  EXPECT_EQ(verdicts({5'000, 10, 5'000, 10}), (Said{false, true, false, true})) << "the next burst";
}

TEST(BurstWatch, KeepsTheMemoryOfALoadThatComesInWaves) {
  BurstWatch watch;
  for (int wave = 0; wave < 10; ++wave) {
    EXPECT_FALSE(watch.over(5'000));
    for (unsigned i = 1; i < BurstWatch::kCalmFor; ++i) EXPECT_FALSE(watch.over(10));
  }
}

}  // namespace
}  // namespace frontdoor
