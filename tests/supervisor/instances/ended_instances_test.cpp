// What has ended for good is found again as it was left.

#include "supervisor/instances/ended_instances.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "supervisor/instances/pool_plan.h"

namespace frontdoor {
namespace {

const EndedInstances kSome{{1, {ProcessEnd{false, 0}, 7}},
                           {2, {ProcessEnd{true, 9}, 7}},
                           {3, {ProcessEnd{true, 11, true}, 18'446'744'073'709'551'615U}},
                           {10, {std::nullopt, 0}}};

TEST(EndedInstances, AreFoundAgainAsTheyWere) {
  EXPECT_EQ(parse_ended_instances(to_text(kSome)), kSome);
  EXPECT_EQ(to_text(EndedInstances{}), "");
  EXPECT_EQ(parse_ended_instances(""), EndedInstances{});
}

TEST(EndedInstances, StandBehindWhatOperatorsHaveAskedFor) {
  PoolPlan asked;
  asked.configure(4, 0.25, 1);
  asked.ask({.what = Wish::What::Scale, .count = 11, .asked = 2});
  asked.ask({.what = Wish::What::Stop, .number = 5, .asked = 3});
  for (const std::string& plan : {std::string(), asked.to_remember()}) {
    const std::string text = plan + '\n' + to_text(kSome);
    EXPECT_EQ(parse_ended_instances(text), kSome);
    PoolPlan recalled;
    recalled.recall(text);
    EXPECT_EQ(recalled.to_remember(), plan);
  }
}

TEST(EndedInstances, WhatIsNoneIsPassedOver) {
  for (const char* const text : {"ended", "ended 1", "ended 1 7 exit", "ended 0 7 exit 0", "started 1 7 exit 0", "ended x 7 exit 0",
                                 "ended 1 -x exit 0", "ended 99999999999999999999 7 exit 0"})
    EXPECT_EQ(parse_ended_instances(text), EndedInstances{}) << text;
}

// One that was stopped before its end was forgotten would be taken for started without a process.
TEST(EndedInstances, WhoIsAskedForAgainHasNotEndedForGood) {
  using What = Wish::What;
  const auto numbers_after = [](What what, std::optional<unsigned> number) {
    EndedInstances ended = kSome;
    forget_asked_for(ended, {.what = what, .number = number});
    std::vector<unsigned> numbers;
    for (const auto& [its, end] : ended) numbers.push_back(its);
    return numbers;
  };
  const std::vector<unsigned> all{1, 2, 3, 10};
  for (const What what : {What::Start, What::Restart}) {
    EXPECT_EQ(numbers_after(what, std::nullopt), std::vector<unsigned>{});
    EXPECT_EQ(numbers_after(what, 2), (std::vector<unsigned>{1, 3, 10}));
    EXPECT_EQ(numbers_after(what, 4), all);
  }
  for (const What what : {What::Stop, What::Scale, What::Fit}) EXPECT_EQ(numbers_after(what, std::nullopt), all);
}

TEST(EndedInstances, ALaunchHasOneNumberForEver) {
  EXPECT_EQ(launch_number(""), 14'695'981'039'346'656'037U);
  EXPECT_EQ(launch_number("a"), 12'638'187'200'555'641'996U);  // FNV-1a, 64 bits: af63dc4c8601ec8c
  EXPECT_NE(launch_number("ab"), launch_number("ba"));
}

}  // namespace
}  // namespace frontdoor
