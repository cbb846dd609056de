// What a pool has learned and what its requests share, whatever the config says about it meanwhile: kept by name and
// carried over reloads, as an Upstream is. Any thread.

#pragma once

#include <atomic>

#include "balancer/containment.h"
#include "balancer/hold_queue.h"
#include "balancer/pool_counts.h"
#include "balancer/pool_sleep.h"
#include "balancer/pool_traffic.h"
#include "balancer/retry_budget.h"
#include "base/time.h"

namespace frontdoor {

class PoolMemory {
 public:
  HoldQueue held;
  RetryBudget retries;
  Containment deaths;
  PoolTrafficCounts traffic;
  PoolCounts counts;
  PoolSleep sleep;

  // How long its upstreams are usually down: a moving average that leans to what was seen last. Zero: not seen yet.
  Duration usual_outage() const { return Duration(usual_outage_.load(std::memory_order_relaxed)); }
  void note_outage(Duration lasted) {
    const Duration::rep before = usual_outage_.load(std::memory_order_relaxed);
    const Duration::rep now = before == 0 ? lasted.count() : (before + lasted.count()) / 2;
    usual_outage_.store(now, std::memory_order_relaxed);  // of two at once one may be lost: it is an estimate
  }

 private:
  std::atomic<Duration::rep> usual_outage_{0};
};

}  // namespace frontdoor
