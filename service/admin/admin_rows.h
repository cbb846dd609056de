// How the admin API is told of upstreams, and of the instances among them: one row each. Pure.

#pragma once

#include <cstdint>
#include <string>

#include "admin/status.h"
#include "balancer/orders.h"
#include "balancer/upstream.h"
#include "base/time.h"
#include "service/admin/usage_sampler.h"
#include "service/process/supervision.h"
#include "supervisor/instances/instance_status.h"

namespace frontdoor {

// When the row is made, by both clocks.
struct RowMoment {
  TimePoint now;
  std::int64_t unix_millis;
};

AdminUpstream row_of(const InstanceStatus& instance, const SampledUsages& usages, RowMoment moment);
AdminUpstream row_of(const Upstream& upstream, RowMoment moment);
AdminStanding to_admin(const OrderedBy& by);
AdminStatus::Crash to_admin(const Supervision::Recovery& recovery, RowMoment moment);
AdminPool::FailedChange to_admin(const FailedRoll& failed, RowMoment moment);
// "pool app, for 3m: config change failed (command): …": where there is no table around it.
std::string failed_change_sentence(const std::string& pool, const AdminPool::FailedChange& change, std::int64_t now_unix_millis);
// What an operator has ordered of the upstream of this row.
void add_order(AdminUpstream& row, const Orders& orders, const std::string& pool, const std::string& upstream);

}  // namespace frontdoor
