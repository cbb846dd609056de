#include "dashboard/pace.h"

#include <cmath>
#include <string>

#include "dashboard/overview.h"
#include "dashboard/traffic.h"

namespace frontdoor {

namespace {

AdminPace pace_of(const Meters& meters, const std::string& name) {
  const Meter* const meter = meters.find(name);
  if (meter == nullptr) return {};
  const MeterReading now = meter->read();
  AdminPace pace{now.requests, now.errors, {}};
  if (std::isfinite(now.p99_ms)) pace.p99_ms = now.p99_ms;
  return pace;
}

}  // namespace

void add_pace(AdminStatus& status, const Totals& totals, const Meters& meters) {
  status.pace = pace_of(meters, std::string(kAllTraffic));
  status.in_flight = totals.in_flight;
  for (AdminPool& pool : status.pools) {
    const PoolTotals* const counted = find_pool(totals, pool.name);
    if (counted == nullptr) continue;
    pool.held = counted->held_now;
    status.held += counted->held_now;
    for (AdminUpstream& upstream : pool.upstreams) {
      const UpstreamTotals* const known = find_upstream(*counted, upstream);
      if (known == nullptr) continue;
      upstream.pace = pace_of(meters, upstream_meter(pool.name, known->name));
      if (known->history_size == 0) continue;
      const bool passed = (known->history & 1) != 0;
      upstream.check = AdminCheck{passed, static_cast<double>(known->last_check_micros) / 1'000, passed ? "" : known->last_check_error};
    }
  }
}

}  // namespace frontdoor
