#include "observe/totals.h"

#include <algorithm>

namespace frontdoor {

namespace {

bool can_serve(const PoolTotals& pool) { return pool.sleeps || pool.up() != 0; }

bool is_routed_to(const Totals& totals, const PoolTotals& pool) {
  return std::any_of(totals.routes.begin(), totals.routes.end(),
                     [&](const RouteTotals& route) { return route.pool == pool.name; });
}

}  // namespace

Readiness readiness(const Totals& totals) {
  if (totals.draining) return {false, "draining"};
  if (!totals.serving) return {false, "starting"};
  std::string reason;
  for (const PoolTotals& pool : totals.pools) {
    if (!is_routed_to(totals, pool)) continue;
    if (can_serve(pool)) return {true, ""};
    reason += reason.empty() ? "" : "; ";
    reason += "pool " + pool.name + ": none of " + std::to_string(pool.upstreams.size()) + " upstreams is up";
  }
  return {reason.empty(), reason};
}

}  // namespace frontdoor
