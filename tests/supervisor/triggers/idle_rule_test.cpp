// When a pool has been idle for long enough.

#include "supervisor/triggers/idle_rule.h"

#include <gtest/gtest.h>

#include <chrono>

namespace frontdoor {
namespace {

using std::chrono::seconds;

struct Look {
  int at;
  IdleLook look;
  bool idle;
};

void expect(const std::vector<Look>& looks) {
  IdleRule rule(seconds(10));
  for (const Look& one : looks)
    EXPECT_EQ(rule.look(one.look, TimePoint{std::chrono::hours(1)} + seconds(one.at)), one.idle) << one.at;
}

constexpr bool kUp = true;

TEST(IdleRule, AfterSoLongWithoutARequest) {
  expect({{0, {kUp, 7, 0}, false}, {1, {kUp, 7, 0}, false}, {10, {kUp, 7, 0}, false}, {11, {kUp, 7, 0}, true}});
}

TEST(IdleRule, ARequestBetweenTwoLooksCounts) {
  expect({{0, {kUp, 7, 0}, false}, {9, {kUp, 8, 0}, false}, {10, {kUp, 8, 0}, false}, {19, {kUp, 8, 0}, false},
          {20, {kUp, 8, 0}, true}});
}

// It had the whole time since it was last seen open, or not up: it may have been so until just before the next look.
TEST(IdleRule, WhatIsOpenCountsHoweverSilent) {
  expect({{0, {kUp, 7, 1}, false}, {100, {kUp, 7, 1}, false}, {103, {kUp, 7, 0}, false}, {110, {kUp, 7, 0}, false},
          {112, {kUp, 7, 0}, false}, {113, {kUp, 7, 0}, true}});
}

TEST(IdleRule, WhatIsRolledOrCrashesIsLeftAlone) {
  expect({{0, {kUp, 7, 0}, false}, {9, {!kUp, 7, 0}, false}, {100, {!kUp, 7, 0}, false}, {103, {kUp, 7, 0}, false},
          {112, {kUp, 7, 0}, false}, {113, {kUp, 7, 0}, true}});
}

TEST(IdleRule, AfterItHasSleptTheTimeBeginsAnew) {
  IdleRule rule(seconds(10));
  const TimePoint start{std::chrono::hours(1)};
  rule.look({kUp, 7, 0}, start);
  rule.look({kUp, 7, 0}, start + seconds(1));
  EXPECT_TRUE(rule.look({kUp, 7, 0}, start + seconds(11)));
  rule.begin_anew();
  EXPECT_FALSE(rule.look({kUp, 7, 0}, start + seconds(100)));
  EXPECT_FALSE(rule.look({kUp, 7, 0}, start + seconds(101)));
  rule.set(seconds(1));
  EXPECT_TRUE(rule.look({kUp, 7, 0}, start + seconds(102)));
}

}  // namespace
}  // namespace frontdoor
