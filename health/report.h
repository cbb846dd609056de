// What health knows about one upstream beyond its state: for the admin API and for people who ask why.

#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "balancer/upstream.h"
#include "base/time.h"

namespace frontdoor {

struct HealthReport {
  std::shared_ptr<Upstream> upstream;  // state and reason are its own
  bool checked = false;                // false: no health check is configured
  std::uint64_t history = 0;           // the last results, the newest in the lowest bit, 1 = passed
  unsigned history_size = 0;           // how many bits count, at most 64
  Duration last_latency{};             // of the last probe that counted
  std::string last_error;              // the last failure in words, "" = none yet
};

}  // namespace frontdoor
