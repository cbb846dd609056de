#include <algorithm>

#include "balancer/snapshot.h"

namespace frontdoor {

PoolTotals Pool::totals(const std::vector<std::string>& listeners) const {
  PoolTotals totals;
  totals.name = name;
  totals.protocol = config::word_of(protocol);
  memory->counts.add_to(totals, listeners);
  totals.held_now = memory->held.size();
  totals.sleeps = memory->sleep.wakes() && !maintenance;
  std::vector<const Upstream*> seen;  // in order: a pool may name an address twice
  for (const Member& member : members) {
    const auto known = std::find(seen.begin(), seen.end(), member.upstream.get());
    if (known != seen.end()) {
      totals.upstreams[static_cast<std::size_t>(known - seen.begin())].weight += member.weight;
      continue;
    }
    seen.push_back(member.upstream.get());
    UpstreamTotals upstream = member.upstream->totals();
    upstream.weight = member.weight;
    // An upstream that an operator has taken out is not to be counted among those that serve.
    if (maintenance || member.order == Order::Maintenance)
      upstream.state = "maintenance";
    else if (member.order == Order::Drain)
      upstream.state = "draining";
    totals.in_flight += upstream.in_flight;
    totals.upstreams.push_back(std::move(upstream));
  }
  return totals;
}

}  // namespace frontdoor
