// How the admin API is told of upstreams, and of the instances among them: one row each. Pure.

#pragma once

#include <cstdint>
#include <string>

#include "admin/status.h"
#include "balancer/orders.h"
#include "balancer/upstream.h"
#include "base/time.h"
#include "cli/usage_sampler.h"
#include "supervisor/instance_status.h"

namespace frontdoor {

// When the row is made, by both clocks.
struct RowMoment {
  TimePoint now;
  std::int64_t unix_millis;
};

AdminUpstream row_of(const InstanceStatus& instance, const SampledUsages& usages, RowMoment moment);
AdminUpstream row_of(const Upstream& upstream, RowMoment moment);
AdminStanding to_admin(const OrderedBy& by);
// What an operator has ordered of the upstream of this row.
void add_order(AdminUpstream& row, const Orders& orders, const std::string& pool, const std::string& upstream);

}  // namespace frontdoor
