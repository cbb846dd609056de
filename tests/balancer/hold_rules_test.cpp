#include "balancer/hold_rules.h"

#include <gtest/gtest.h>

#include "balancer/pool_memory.h"
#include "balancer/snapshot.h"

namespace frontdoor {
namespace {

using namespace std::chrono_literals;

TEST(HoldRules, HoldsWhileRecoveryIsPlausible) {
  const config::Hold hold;  // give_up 60 s
  struct {
    const char* what;
    PoolOutlook outlook;
    bool worth;
  } cases[] = {
      {"only busy", {.up = true}, true},
      {"busy, whatever else was down for long", {.up = true, .down_for = 1h}, true},
      {"just went down", {.down_for = 0s}, true},
      {"down for a minute", {.down_for = 60s}, true},
      {"down for longer", {.down_for = 61s}, false},
      {"down for longer, but one is yet to be judged", {.undecided = true, .down_for = 1h}, true},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(worth_holding(c.outlook, hold), c.worth) << c.what;
    EXPECT_FALSE(worth_holding(c.outlook, {.timeout = 0ms})) << c.what << ": 0s is off";
  }
}

TEST(HoldRules, RetryAfterIsWhatIsLeftOfTheUsualOutage) {
  struct {
    const char* what;
    PoolOutlook outlook;
    std::uint32_t seconds;
  } cases[] = {
      {"busy", {.up = true, .usual_outage = 30s}, 1},
      {"not judged yet", {.undecided = true}, 1},
      {"nothing measured, just down", {}, 1},
      {"nothing measured, down for 7 s", {.down_for = 7s}, 7},
      {"usually 30 s, down for 10 s", {.down_for = 10s, .usual_outage = 30s}, 20},
      {"rounded up", {.down_for = 10s, .usual_outage = 11200ms}, 2},
      {"longer than usual: as long again", {.down_for = 40s, .usual_outage = 30s}, 40},
      {"never more than a minute", {.down_for = 10min, .usual_outage = 30s}, 60},
  };
  for (const auto& c : cases) EXPECT_EQ(retry_after_seconds(c.outlook), c.seconds) << c.what;
}

TEST(HoldRules, TheRampDoubles) {
  struct {
    std::size_t ahead;
    Millis delay;
  } cases[] = {{0, 0ms}, {31, 0ms}, {32, 50ms}, {63, 50ms}, {64, 100ms}, {127, 100ms}, {128, 150ms}, {9'999, 450ms}};
  for (const auto& c : cases) EXPECT_EQ(ramp_delay(c.ahead), Duration(c.delay)) << c.ahead;
}

TEST(PoolMemory, LeansToTheLastOutages) {
  PoolMemory memory;
  EXPECT_EQ(memory.usual_outage(), 0s);
  memory.note_outage(8s);
  EXPECT_EQ(memory.usual_outage(), 8s);
  memory.note_outage(2s);
  EXPECT_EQ(memory.usual_outage(), 5s);
}

TEST(PoolOutlook, IsMadeOfItsUpstreams) {
  config::Config config;
  config::Pool pool;
  pool.name = "app";
  for (const std::uint16_t port : {1, 2}) pool.upstreams.push_back({{Address::Kind::Tcp, "127.0.0.1", port}, 1});
  config.pools.push_back(pool);
  UpstreamRegistry registry(1);
  const auto snapshot = registry.build(config);
  const Pool& built = snapshot->pools.front();
  Upstream& first = *built.members[0].upstream;
  Upstream& second = *built.members[1].upstream;
  const TimePoint start{100s};

  EXPECT_TRUE(built.outlook(start).undecided);
  first.change(first.seen(), UpstreamState::Up, "", start);
  EXPECT_TRUE(built.outlook(start).up);
  second.change(second.seen(), UpstreamState::Down, "", start + 1s);
  first.change(first.seen(), UpstreamState::Down, "", start + 5s);
  const PoolOutlook down = built.outlook(start + 8s);
  EXPECT_FALSE(down.up || down.undecided);
  EXPECT_EQ(down.down_for, 3s) << "since the last one went down";
  first.change(first.seen(), UpstreamState::Up, "", start + 25s);
  EXPECT_EQ(built.outlook(start + 30s).usual_outage, 20s);

  const auto reloaded = registry.build(config);
  EXPECT_EQ(reloaded->pools.front().memory, built.memory) << "what was learned outlives a reload";
}

}  // namespace
}  // namespace frontdoor
