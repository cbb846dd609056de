// What has been counted of some traffic since the front door began: of all of it, of a pool, of an upstream. The dashboard
// is fed with it once a second, and shows what lies between two such moments. Values; any thread.

#pragma once

#include <cstdint>

#include "observe/latency.h"

namespace frontdoor {

struct TrafficTotals {
  std::uint64_t requests = 0;  // that have ended
  std::uint64_t errors = 0;    // of these: got a 5xx, or no whole answer, through no fault of the client
  Latency latency = {};        // of those that were answered

  std::uint64_t in_flight = 0;  // now
  std::uint64_t held = 0;       // now: that wait for an upstream

  // What was counted since `before`. A count that has gone back was begun anew, and counts from zero.
  TrafficTotals since(const TrafficTotals& before) const {
    const auto more = [](std::uint64_t now, std::uint64_t then) { return now < then ? now : now - then; };
    return {more(requests, before.requests), more(errors, before.errors), latency.since(before.latency), in_flight, held};
  }
};

// Milliseconds; NaN when nothing was counted.
double quantile_millis(const Latency& latency, double share);

}  // namespace frontdoor
