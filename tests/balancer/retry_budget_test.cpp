#include "balancer/retry_budget.h"

#include <gtest/gtest.h>

namespace frontdoor {
namespace {

using namespace std::chrono_literals;

int spend_all(RetryBudget& budget, double share, TimePoint now) {
  int spent = 0;
  for (; budget.left(share, now); ++spent) budget.spend(now);
  return spent;
}

TEST(RetryBudget, IsAShareOfTheLastTenSeconds) {
  RetryBudget budget;
  const TimePoint start{1'000s};
  for (int second = 0; second < 10; ++second) budget.add_requests(500, start + second * 1s);
  EXPECT_EQ(spend_all(budget, 0.2, start + 9s), 1'000);
  EXPECT_FALSE(budget.left(0.2, start + 9s));
  EXPECT_TRUE(budget.left(0.4, start + 9s)) << "a reload has raised it";
}

TEST(RetryBudget, IsNeverBelowTenASecond) {
  for (const double share : {0.0, 0.2}) {
    RetryBudget budget;
    EXPECT_EQ(spend_all(budget, share, TimePoint{1'000s}), 100);
  }
}

TEST(RetryBudget, ForgetsWhatIsOlderThanItsWindow) {
  RetryBudget budget;
  const TimePoint start{1'000s};
  budget.add_requests(10'000, start);
  EXPECT_EQ(spend_all(budget, 0.2, start), 2'000);
  EXPECT_FALSE(budget.left(0.2, start + 9s));
  EXPECT_EQ(spend_all(budget, 0.2, start + 10s), 100) << "requests and retries have both gone out of sight";
  budget.add_requests(1'000, start + 40s);
  EXPECT_EQ(spend_all(budget, 0.2, start + 41s), 200);
}

}  // namespace
}  // namespace frontdoor
