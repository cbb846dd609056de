#include "proxy/upstreams/connection_budget.h"

#include <algorithm>

namespace frontdoor {

namespace {

// Kept for connections to upstreams when every client is idle: so many requests can begin before the first
// idle client has to be closed for one.
constexpr std::uint64_t kMostForUpstreams = 1'024;

}  // namespace

DescriptorPlan plan_descriptors(std::uint64_t limit, std::uint64_t own) {
  DescriptorPlan plan;
  plan.descriptors = limit;
  plan.sockets = std::max<std::uint64_t>(2, limit - std::min(own, limit / 2));
  plan.clients = plan.sockets - std::clamp<std::uint64_t>(plan.sockets / 8, 1, kMostForUpstreams);
  return plan;
}

}  // namespace frontdoor
