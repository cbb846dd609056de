// Building a snapshot from a config, and finding the route of a request in it.

#include "balancer/snapshot.h"

#include <algorithm>
#include <cassert>
#include <optional>
#include <utility>

namespace frontdoor {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// "*.Example.com" -> ".example.com", which no real host equals and every subdomain ends with.
std::string host_pattern(std::string_view host) {
  if (host.starts_with("*.")) host.remove_prefix(1);
  if (host.ends_with('.')) host.remove_suffix(1);
  return lower(host);
}

bool host_matches(std::string_view pattern, std::string_view host) {
  if (pattern.empty()) return true;
  if (pattern.front() != '.') return host == pattern;
  return host.size() > pattern.size() && host.ends_with(pattern);
}

bool path_matches(const Route& route, std::string_view path) {
  return route.path_is_prefix ? path.starts_with(route.path) : route.path.empty() || path == route.path;
}

std::uint32_t index_of(const std::vector<config::Pool>& pools, std::string_view name) {
  std::uint32_t index = 0;
  while (index < pools.size() && pools[index].name != name) ++index;
  assert(index < pools.size() && "the config's checks refuse a route to an unknown pool");
  return index;
}

// What a route does not say comes from its pool, then from the file.
Route build_route(const config::Route& from, const config::Config& config) {
  Route route;
  route.host = host_pattern(from.host);
  route.path = from.path;
  route.path_is_prefix = route.path.ends_with('*');
  if (route.path_is_prefix) route.path.pop_back();
  route.pool = index_of(config.pools, from.pool);
  route.access_log = from.access_log;

  const config::Pool& pool = config.pools[route.pool];
  route.timeouts = from.timeouts.value_or(pool.timeouts.value_or(config.timeouts));
  route.body_bytes = from.body_bytes.value_or(pool.body_bytes.value_or(config.limits.body_bytes));
  route.min_bytes_per_second = from.min_bytes_per_second.value_or(
      pool.min_bytes_per_second.value_or(config.limits.min_bytes_per_second));
  return route;
}

// One upstream to be: its name in the logs, and where it is, unless that is not known yet.
struct Place {
  std::string name;
  Address address;
  std::optional<std::vector<Endpoint>> endpoints;
  std::uint32_t weight = 1;
  std::uint32_t priority = 0;
  std::string host = {};
  bool instance = false;  // its process is about to be started
};

void add_places(const config::Upstream& upstream, const NameAddresses& names, std::vector<Place>& places) {
  const Address& address = upstream.address;
  const auto add = [&](std::string name, std::optional<std::vector<Endpoint>> endpoints) {
    places.push_back({std::move(name), address, std::move(endpoints), upstream.weight, upstream.priority, upstream.host});
  };
  if (!is_looked_up(address)) return add(address.to_string(), fixed_endpoints(address));
  const auto known = names.find(address.host);
  if (known == names.end()) return add(address.to_string(), std::nullopt);
  if (known->second.empty()) return add(address.to_string(), std::vector<Endpoint>{});
  for (Endpoint endpoint : known->second) {
    endpoint.set_port(address.port);
    add(address.to_string() + " (" + endpoint.ip() + ")", std::vector{endpoint});
  }
}

// A pool's upstreams as the config lists them, then its instances.
std::vector<Place> places_of(const config::Pool& pool, const NameAddresses& names,
                             const InstanceAddresses& instances) {
  std::vector<Place> places;
  for (const config::Upstream& upstream : pool.upstreams) add_places(upstream, names, places);
  for (const InstanceAddress& instance : instances) {
    if (instance.pool != pool.name) continue;
    AddressError impossible;
    const auto address = parse_address(instance.endpoint.to_string(), impossible);
    places.push_back({instance.upstream_name(), *address, std::vector{instance.endpoint}, 1, 0, "", true});
  }
  return places;
}

}  // namespace

const Route* Snapshot::match(std::string_view host, std::string_view path) const {
  for (const Route& route : routes) {
    if (host_matches(route.host, host) && path_matches(route, path)) return &route;
  }
  return nullptr;
}

PoolOutlook Pool::outlook(TimePoint now) const {
  PoolOutlook outlook{.undecided = memory->sleep.wakes(), .usual_outage = memory->usual_outage()};
  TimePoint last_went_down{};
  for (const Member& member : members) {
    // An operator who has taken all of them out may be about to bring one back: as long as for one that went down.
    if (member.order != Order::Ready) {
      last_went_down = std::max(last_went_down, member.ordered_at);
      continue;
    }
    switch (member.upstream->seen().state) {
      case UpstreamState::Up:
        outlook.up = true;
        break;
      case UpstreamState::Unknown:
      case UpstreamState::Draining:  // while a member, it is about to be started again
        outlook.undecided = true;
        break;
      case UpstreamState::Down:
        last_went_down = std::max(last_went_down, member.upstream->changed_at());
        break;
    }
  }
  outlook.down_for = std::max(now - last_went_down, Duration::zero());
  return outlook;
}

std::shared_ptr<const Snapshot> UpstreamRegistry::build(const config::Config& config,
                                                        const NameAddresses& names,
                                                        const InstanceAddresses& instances) {
  return build(++generation_, config, names, instances);
}

std::shared_ptr<const Snapshot> UpstreamRegistry::rebuild(const Snapshot& current, const NameAddresses& names,
                                                          const InstanceAddresses& instances) {
  return build(current.generation, current.config, names, instances);
}

std::shared_ptr<const Snapshot> UpstreamRegistry::build(std::uint64_t generation,
                                                        const config::Config& config,
                                                        const NameAddresses& names,
                                                        const InstanceAddresses& instances) {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->generation = generation;
  snapshot->config = config;

  decltype(upstreams_)::Named named;
  decltype(memories_)::Named memories;
  const config::Config joined = orders_.members().joined(config);
  for (const config::Pool& from : joined.pools) {
    std::shared_ptr<PoolMemory>& memory = memories[from.name];
    memory = memories_.find(from.name).object;
    if (!memory) memory = std::make_shared<PoolMemory>();
    Pool pool{.name = from.name,
              .members = {},
              .timeouts = from.timeouts.value_or(config.timeouts),
              .retry = from.retry,
              .hold = from.hold,
              .limits_in_flight = from.max_in_flight != 0,
              .memory = memory,
              .maintenance = orders_.maintenance(from.name)};
    for (Place& place : places_of(from, names, instances)) {
      const auto key = std::pair(from.name, place.name);
      std::shared_ptr<Upstream>& slot = named[key];
      if (!slot) {
        const auto known = upstreams_.find(key);
        slot = known.object;
        if (known.from == decltype(upstreams_)::From::Earlier) slot->judge_anew(Clock::now());
      }
      if (!slot) {
        slot = std::make_shared<Upstream>(from.name, place.address, workers_, memory, place.name);
        slot->set_starting(place.instance);
        if (place.instance) slot->set_admission(Upstream::Admission::Nobody);
      }
      if (place.endpoints && !slot->looked_up()) slot->set_endpoints(std::move(*place.endpoints));
      slot->set_max_in_flight(from.max_in_flight);
      Member member{.upstream = slot, .weight = place.weight, .priority = place.priority, .host = std::move(place.host)};
      if (const UpstreamOrder* const order = orders_.find(from.name, slot->name())) {
        member.weight = order->weight.value_or(place.weight);
        member.order = order->order;
        member.ordered_at = order->by.since;
      }
      pool.members.push_back(std::move(member));
    }
    pool.send_proxy = from.send_proxy;
    pool.protocol = from.protocol;
    pool.server_name = from.tls.server_name;
    if (contexts_ && from.has_tls()) pool.tls = contexts_(from);
    snapshot->pools.push_back(std::move(pool));
  }
  decltype(routes_)::Named routes;
  for (const config::Route& from : config.routes) {
    std::shared_ptr<RouteCounts>& counts = routes[from.host + '\n' + from.path + '\n' + from.pool];
    if (!counts) counts = routes_.find(from.host + '\n' + from.path + '\n' + from.pool).object;
    if (!counts) counts = std::make_shared<RouteCounts>(workers_);
    snapshot->routes.push_back(build_route(from, config));
    snapshot->routes.back().counts = counts;
  }

  upstreams_.replace(std::move(named));
  memories_.replace(std::move(memories));
  routes_.replace(std::move(routes));
  return snapshot;
}

}  // namespace frontdoor
