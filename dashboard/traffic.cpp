#include "dashboard/traffic.h"

#include <utility>

namespace frontdoor {

namespace {

constexpr std::size_t kNoStatus = 0;
constexpr std::size_t kServerError = 5;

// Clients that leave are nobody's failure, nor is what ends because we do.
bool is_failure(std::string_view outcome) {
  return !outcome.starts_with("client_") && !outcome.starts_with("bad_") && outcome != "drained" && outcome != "stream_idle";
}

std::uint64_t failures(const WordTotals& unfinished) {
  std::uint64_t sum = 0;
  for (const WordTotal& each : unfinished) sum += is_failure(each.word) ? each.count : 0;
  return sum;
}

TrafficTotals of_pool(const PoolTotals& pool) {
  return {pool.all_requests(), pool.by_code()[kServerError] + failures(pool.unfinished), pool.duration, pool.in_flight,
          pool.held_now};
}

TrafficTotals of_upstream(const UpstreamTotals& upstream) {
  TrafficTotals totals;
  for (const std::uint64_t count : upstream.by_code) totals.requests += count;
  totals.errors = upstream.by_code[kServerError] + upstream.by_code[kNoStatus];
  totals.latency = upstream.response;
  totals.in_flight = upstream.in_flight;
  return totals;
}

// What no pool was found for.
TrafficTotals unrouted(const Totals& totals) {
  TrafficTotals sum;
  for (const RequestTotals& each : totals.unrouted) {
    sum.requests += each.all();
    sum.errors += each.by_code[kServerError];
  }
  sum.errors += failures(totals.unfinished);
  return sum;
}

void add(TrafficTotals& sum, const TrafficTotals& part) {
  sum.requests += part.requests;
  sum.errors += part.errors;
  sum.latency += part.latency;
  sum.held += part.held;
}

}  // namespace

TrafficTotals all_traffic(const Totals& totals) {
  TrafficTotals all = unrouted(totals);
  for (const PoolTotals& pool : totals.pools) add(all, of_pool(pool));
  all.in_flight = totals.in_flight;
  return all;
}

TrafficTotals WholeTraffic::add(const Totals& totals) {
  std::map<std::string, TrafficTotals> parts;
  for (const PoolTotals& pool : totals.pools) parts.emplace(pool_meter(pool.name), of_pool(pool));
  parts.emplace("", unrouted(totals));
  for (const auto& [name, part] : parts) {
    const auto before = parts_.find(name);
    frontdoor::add(sum_, before == parts_.end() ? part : part.since(before->second));
  }
  parts_ = std::move(parts);
  const TrafficTotals now = all_traffic(totals);
  sum_.in_flight = now.in_flight;
  sum_.held = now.held;
  return sum_;
}

std::vector<std::pair<std::string, TrafficTotals>> parts_of(const Totals& totals) {
  std::vector<std::pair<std::string, TrafficTotals>> parts;
  for (const PoolTotals& pool : totals.pools) {
    parts.emplace_back(pool_meter(pool.name), of_pool(pool));
    for (const UpstreamTotals& upstream : pool.upstreams)
      parts.emplace_back(upstream_meter(pool.name, upstream.name), of_upstream(upstream));
    for (std::size_t i = 0; i < totals.listeners.size(); ++i) {
      TrafficTotals lane;
      for (const RequestTotals& each : pool.requests)
        if (each.listener == totals.listeners[i].name) lane.requests += each.all();
      if (lane.requests != 0) parts.emplace_back(lane_meter(i, pool.name), lane);
    }
  }
  // Last, so that it is these which are not measured when there are too many meters.
  for (const RouteTotals& route : totals.routes) {
    TrafficTotals taken;
    taken.requests = route.requests;
    if (route.requests != 0) parts.emplace_back(route_meter(route), taken);
  }
  return parts;
}

std::string pool_meter(std::string_view pool) { return std::string("pool/").append(pool); }
std::string upstream_meter(std::string_view pool, std::string_view name) {
  return std::string("up/").append(pool).append("/").append(name);
}
// By what it says: after a reload another may stand in its place.
std::string route_meter(const RouteTotals& route) { return "route/" + route.host + ' ' + route.path + ' ' + route.pool; }
std::string lane_meter(std::size_t listener, std::string_view pool) {
  return ("lane/" + std::to_string(listener) + '/').append(pool);
}

const UpstreamTotals* find_upstream(const PoolTotals& pool, const AdminUpstream& upstream) {
  const std::string with_address = upstream.name + " (" + upstream.address + ')';
  for (const UpstreamTotals& each : pool.upstreams)
    if (each.name == upstream.name || each.name == with_address) return &each;
  return nullptr;
}

}  // namespace frontdoor
