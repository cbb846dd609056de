// What the dashboard measures, out of all that is counted: the whole, each pool, each upstream, each route, and what comes
// by each listener for each pool. Pure.

#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admin/status.h"
#include "dashboard/traffic_totals.h"
#include "observe/totals.h"

namespace frontdoor {

TrafficTotals all_traffic(const Totals& totals);

// All of it, added up so that no count ever goes back: a pool that leaves takes its own with it, and the rest would look like
// new traffic.
class WholeTraffic {
 public:
  TrafficTotals add(const Totals& totals);  // fed in the order in which they were read

 private:
  std::map<std::string, TrafficTotals> parts_;  // of those that are there, as they were read last
  TrafficTotals sum_;
};

// Each with the name of its meter.
std::vector<std::pair<std::string, TrafficTotals>> parts_of(const Totals& totals);

std::string pool_meter(std::string_view pool);
std::string upstream_meter(std::string_view pool, std::string_view name);  // UpstreamTotals::name
std::string route_meter(const RouteTotals& route);
std::string lane_meter(std::size_t listener, std::string_view pool);

// What is counted of it. An instance is called "app.1" by those who run it, and "app.1 (127.0.0.1:24001)" as an upstream.
const UpstreamTotals* find_upstream(const PoolTotals& pool, const AdminUpstream& upstream);

}  // namespace frontdoor
