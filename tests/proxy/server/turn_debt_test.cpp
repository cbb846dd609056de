#include "proxy/server/turn_debt.h"

#include <gtest/gtest.h>

namespace frontdoor {
namespace {

using namespace std::chrono_literals;

TEST(TurnDebt, IsAsOldAsItsQuestionHoweverOftenSomebodyLooks) {
  TurnDebt debt;
  const TimePoint start = TimePoint{} + 1h;
  EXPECT_FALSE(debt.open());
  EXPECT_FALSE(debt.older_than(0s, start)) << "it was never asked";
  debt.asked(start);
  EXPECT_TRUE(debt.open());
  for (Duration passed = 0s; passed < 10s; passed += 1ms) ASSERT_FALSE(debt.older_than(10s, start + passed));
  EXPECT_TRUE(debt.older_than(10s, start + 10s));
  debt.turned();
  EXPECT_FALSE(debt.older_than(10s, start + 20s)) << "it has woken up";
  debt.asked(start + 30s);
  EXPECT_FALSE(debt.older_than(10s, start + 31s));
}

}  // namespace
}  // namespace frontdoor
