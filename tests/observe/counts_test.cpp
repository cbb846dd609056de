#include <gtest/gtest.h>

#include "observe/code_class.h"
#include "observe/totals.h"
#include "observe/word_counts.h"

namespace frontdoor {
namespace {

TEST(CodeClass, IsTheFirstDigitOrNone) {
  struct {
    std::uint16_t status;
    const char* name;
  } cases[] = {{0, "none"}, {101, "1xx"}, {200, "2xx"}, {308, "3xx"}, {404, "4xx"}, {599, "5xx"}, {600, "none"}, {999, "none"}, {65'535, "none"}};
  for (const auto& c : cases) EXPECT_EQ(kCodeClassNames[code_class(c.status)], c.name) << c.status;
}

TEST(WordCounts, EachWordHasItsCount) {
  WordCounts<3> counts;
  counts.add("reset");
  counts.add("timeout");
  counts.add("reset");
  WordTotals totals;
  counts.add_to(totals);
  counts.add_to(totals);  // of another worker, say
  EXPECT_EQ(count_of(totals, "reset"), 4u);
  EXPECT_EQ(count_of(totals, "timeout"), 2u);
  EXPECT_EQ(count_of(totals, "never"), 0u);
  EXPECT_EQ(totals.size(), 2u);
}

TEST(WordCounts, WhatHasNoPlaceIsCountedTogether) {
  WordCounts<2> counts;
  for (const char* word : {"a", "b", "c", "d", "a"}) counts.add(word);
  WordTotals totals;
  counts.add_to(totals);
  EXPECT_EQ(count_of(totals, "a"), 2u);
  EXPECT_EQ(count_of(totals, "b"), 1u);
  EXPECT_EQ(count_of(totals, "other"), 2u);
}

PoolTotals pool(std::string name, std::vector<std::string_view> states, bool sleeps = false) {
  PoolTotals pool;
  pool.name = std::move(name);
  pool.sleeps = sleeps;
  for (const std::string_view state : states) pool.upstreams.push_back({.name = "u", .state = state});
  return pool;
}

TEST(Readiness, IsWhetherANewClientWouldBeServed) {
  Totals totals;
  totals.serving = true;
  EXPECT_TRUE(readiness(totals).ready) << "a front door that only redirects";

  totals.routes = {{"", "", "app"}, {"", "/api/*", "api"}};
  totals.pools = {pool("app", {"up", "down"}), pool("api", {"down"})};
  EXPECT_TRUE(readiness(totals).ready) << "one pool serves";

  totals.pools = {pool("app", {"down", "draining"}), pool("api", {})};
  EXPECT_FALSE(readiness(totals).ready);
  EXPECT_EQ(readiness(totals).reason, "pool app: none of 2 upstreams is up; pool api: none of 0 upstreams is up");

  totals.pools = {pool("app", {"down"}), pool("jobs", {"up"})};
  EXPECT_FALSE(readiness(totals).ready) << "no client can reach that pool";

  totals.pools = {pool("app", {}, true)};
  EXPECT_TRUE(readiness(totals).ready) << "the next request starts it";

  totals.serving = false;
  EXPECT_EQ(readiness(totals).reason, "starting");
  totals.draining = true;
  EXPECT_EQ(readiness(totals).reason, "draining");
}

}  // namespace
}  // namespace frontdoor
