// A pool that sleeps is woken by the first request that must wait, once.

#include "balancer/pool_sleep.h"

#include <gtest/gtest.h>

#include <atomic>
#include <new>
#include <thread>
#include <vector>

#include "balancer/hold_rules.h"
#include "balancer/snapshot.h"

namespace frontdoor {
namespace {

TEST(PoolSleep, TheFirstRequestCallsAndTheOthersWait) {
  PoolSleep sleep;
  int calls = 0;
  sleep.request_waits();
  EXPECT_FALSE(sleep.wakes());
  sleep.fall_asleep([&] { ++calls; });
  EXPECT_TRUE(sleep.wakes());
  EXPECT_EQ(calls, 0);
  sleep.request_waits();
  sleep.request_waits();
  EXPECT_EQ(calls, 1);
  EXPECT_TRUE(sleep.wakes());  // its instances are on their way
  sleep.wake_up();
  EXPECT_FALSE(sleep.wakes());
  sleep.request_waits();
  EXPECT_EQ(calls, 1);
  sleep.fall_asleep([&] { ++calls; });
  sleep.request_waits();
  EXPECT_EQ(calls, 2);
}

TEST(PoolSleep, ACallThatFindsNoMemoryIsMadeAgain) {
  PoolSleep sleep;
  int calls = 0;
  sleep.fall_asleep([&] {
    if (++calls == 1) throw std::bad_alloc();
  });
  EXPECT_THROW(sleep.request_waits(), std::bad_alloc);
  sleep.request_waits();
  EXPECT_EQ(calls, 2);
}

TEST(PoolSleep, OfManyWorkersOneCalls) {
  PoolSleep sleep;
  std::atomic<int> calls{0};
  sleep.fall_asleep([&] { ++calls; });
  std::vector<std::thread> workers;
  for (int i = 0; i < 8; ++i) workers.emplace_back([&] { sleep.request_waits(); });
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(calls, 1);
}

TEST(PoolSleep, APoolWithoutInstancesIsWorthWaitingForWhileItSleeps) {
  Pool pool;
  pool.memory = std::make_shared<PoolMemory>();
  config::Hold hold;
  hold.give_up = Millis{0};
  const TimePoint now{std::chrono::hours(1)};
  EXPECT_FALSE(worth_holding(pool.outlook(now), hold));
  pool.memory->sleep.fall_asleep([] {});
  EXPECT_TRUE(worth_holding(pool.outlook(now), hold));
  pool.memory->sleep.request_waits();
  EXPECT_TRUE(worth_holding(pool.outlook(now), hold));
  pool.memory->sleep.wake_up();
  EXPECT_FALSE(worth_holding(pool.outlook(now), hold));
}

}  // namespace
}  // namespace frontdoor
