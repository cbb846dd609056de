#include "dashboard/overview.h"

#include <gtest/gtest.h>

#include <sstream>

namespace frontdoor {
namespace {

// "app: up up down (3)": a pool, its upstreams' states, and how many requests it holds. A state may be "app.1=up".
void add(AdminStatus& status, Totals& totals, const std::string& text) {
  AdminPool pool;
  PoolTotals counted;
  std::istringstream words(text);
  std::string word;
  words >> word;
  pool.name = counted.name = word.substr(0, word.size() - 1);
  while (words >> word) {
    if (word.starts_with('(')) {
      counted.held_now = std::stoul(word.substr(1));
      continue;
    }
    if (word == "failed") {
      pool.failed_change = AdminPool::FailedChange{.keys = "env"};
      continue;
    }
    const auto equals = word.find('=');
    AdminUpstream upstream;
    upstream.name = equals == word.npos ? std::to_string(pool.upstreams.size()) : word.substr(0, equals);
    upstream.state = word.substr(equals == word.npos ? 0 : equals + 1);
    if (upstream.state == "loop") upstream.state = "crash loop";
    pool.upstreams.push_back(upstream);
  }
  status.pools.push_back(pool);
  totals.pools.push_back(counted);
}

TEST(Overview, IsOneSentence) {
  struct {
    std::vector<std::string> pools;
    const char* level;
    const char* sentence;
  } const cases[] = {
      {{}, "good", "There is no pool"},
      {{"app:"}, "good", "No pool has an upstream"},
      {{"app: up"}, "good", "The upstream is up"},
      {{"app: up up up", "api: up up up up"}, "good", "All 7 upstreams are up"},
      {{"app: up up up down (12)"}, "warning", "pool app: 1 of 4 is down, 12 requests held"},
      {{"app: up up down loop"}, "warning", "pool app: 2 of 4 are down"},
      {{"app: up starting"}, "warning", "pool app: 1 of 2 is starting"},
      {{"app: up unknown pausing down (1)"}, "warning", "pool app: 1 of 4 is down, 2 starting, 1 request held"},
      {{"app: down loop exited (3)"}, "bad", "pool app: none of 3 is up, 3 requests held"},
      {{"app: down"}, "bad", "pool app: its only upstream is down"},
      {{"app: starting"}, "warning", "pool app: its only upstream is starting"},
      {{"app: starting pausing"}, "warning", "pool app: all 2 are starting"},
      {{"app: down starting"}, "bad", "pool app: none of 2 is up"},
      {{"app: up up (5)"}, "warning", "pool app: all busy, 5 requests held"},
      {{"app: stopped (5)"}, "warning", "pool app: none takes requests, 5 requests held"},
      {{"app: up up failed"}, "warning", "pool app: a config change failed, the old ones serve on"},
      {{"app: up down failed"}, "warning", "pool app: 1 of 2 is down, a config change failed"},
      {{"app: up up failed (5)"}, "warning", "pool app: all busy, 5 requests held, a config change failed"},
      // What somebody wants is no trouble.
      {{"app: up draining"}, "good", "The upstream is up, 1 is at rest"},
      {{"app: up up maintenance stopped"}, "good", "All 2 upstreams are up, 2 are at rest"},
      {{"app: idle idle"}, "good", "No upstream takes requests, 2 are at rest"},
      {{"app: stopped down up"}, "warning", "pool app: 1 of 2 is down"},
      // The worst pool has the word.
      {{"web: up down", "app: down", "api: up"}, "bad", "pool app: its only upstream is down, and 1 more pool has trouble"},
      {{"a: up down", "b: up down", "c: up down"}, "warning", "pool a: 1 of 2 is down, and 2 more pools have trouble"},
      // One that replaces another has its name.
      {{"app: app.1=up app.1=draining app.2=up"}, "good", "All 2 upstreams are up"},
      {{"app: app.1=starting app.1=up"}, "good", "The upstream is up"},
      {{"app: app.1=starting app.1=stopping app.2=up"}, "warning", "pool app: 1 of 2 is starting"},
  };
  for (const auto& c : cases) {
    AdminStatus status;
    Totals totals;
    for (const std::string& pool : c.pools) add(status, totals, pool);
    const Overview overview = overview_of(status, totals);
    EXPECT_EQ(overview.sentence, c.sentence);
    EXPECT_STREQ(to_string(overview.level), c.level) << c.sentence;
  }
}

TEST(Overview, AFrontDoorThatStopsSaysSo) {
  AdminStatus status;
  Totals totals;
  status.state = "draining";
  add(status, totals, "app: up up");
  const Overview overview = overview_of(status, totals);
  EXPECT_EQ(overview.sentence, "frontdoor is stopping: it finishes what is open. All 2 upstreams are up");
  EXPECT_EQ(overview.level, Level::Warning);
}

TEST(Overview, WhatAnOperatorHasTakenOutIsAtRest) {
  struct {
    const char* order;
    std::uint64_t in_flight;
    const char* shown;
  } const cases[] = {{"drain", 0, "drained"}, {"drain", 3, "draining"}, {"maintenance", 3, "maintenance"}, {"ready", 0, "up"}, {"", 0, "up"}};
  for (const auto& c : cases) {
    AdminUpstream upstream;
    upstream.state = "up";
    upstream.in_flight = c.in_flight;
    EXPECT_EQ(shown_state(upstream), "up");
    upstream.ordered = AdminUpstream::Ordered{c.order, {}, {}};
    EXPECT_EQ(shown_state(upstream), c.shown) << c.order;
  }
  AdminStatus status;
  Totals totals;
  add(status, totals, "app: up up");
  status.pools[0].upstreams[0].ordered = AdminUpstream::Ordered{"drain", {}, {}};
  EXPECT_EQ(overview_of(status, totals).sentence, "The upstream is up, 1 is at rest");
  status.pools[0].maintenance = AdminPool::Maintenance();
  EXPECT_EQ(overview_of(status, totals).sentence, "pool app: in maintenance");
}

TEST(Overview, EveryStateHasACondition) {
  const std::pair<const char*, const char*> cases[] = {
      {"up", "good"},          {"unknown", "coming"},   {"starting", "coming"},  {"pausing", "coming"},
      {"down", "bad"},         {"crash loop", "bad"},   {"exited", "bad"},       {"draining", "resting"},
      {"stopping", "resting"}, {"stopped", "resting"},  {"idle", "resting"},     {"maintenance", "resting"},
      {"done", "resting"},    
      {"something new", "bad"}};
  for (const auto& [state, condition] : cases) EXPECT_STREQ(to_string(condition_of(state)), condition) << state;
}

}  // namespace
}  // namespace frontdoor
