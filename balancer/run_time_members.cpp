#include "balancer/run_time_members.h"

#include <algorithm>

namespace frontdoor {

namespace {

const config::Pool* pool_named(const config::Config& config, const std::string& name) {
  const auto found =
      std::find_if(config.pools.begin(), config.pools.end(), [&](const config::Pool& pool) { return pool.name == name; });
  return found == config.pools.end() ? nullptr : &*found;
}

bool names(const config::Pool& pool, const std::string& address) {
  return std::any_of(pool.upstreams.begin(), pool.upstreams.end(), [&](const config::Upstream& upstream) {
    return upstream.address.to_string() == address;
  });
}

}  // namespace

void RunTimeMembers::add(const std::string& pool, AddedMember member) {
  const Key key = key_of(pool, member.upstream);
  added_[key] = std::move(member);
}

config::Config RunTimeMembers::joined(const config::Config& config) const {
  config::Config joined = config;
  if (empty()) return joined;
  for (config::Pool& pool : joined.pools) {
    std::erase_if(pool.upstreams,
                  [&](const config::Upstream& upstream) { return removed_.contains(key_of(pool.name, upstream)); });
    for (const auto& [key, member] : added_)
      if (key.first == pool.name && !names(pool, key.second)) pool.upstreams.push_back(member.upstream);
  }
  return joined;
}

std::vector<RunTimeMembers::Settled> RunTimeMembers::pointless(const config::Config& config) const {
  std::vector<Settled> settled;
  for (const auto& [key, member] : added_) {
    const config::Pool* const pool = pool_named(config, key.first);
    if (pool == nullptr) settled.push_back({key, Why::PoolIsGone});
    else if (names(*pool, key.second)) settled.push_back({key, Why::ConfigNamesIt});
  }
  for (const auto& [key, by] : removed_) {
    const config::Pool* const pool = pool_named(config, key.first);
    if (pool == nullptr) settled.push_back({key, Why::PoolIsGone});
    else if (!names(*pool, key.second)) settled.push_back({key, Why::ConfigNamesItNot});
  }
  return settled;
}

void RunTimeMembers::forget(const std::vector<Settled>& pointless) {
  for (const Settled& each : pointless) {
    added_.erase(each.key);
    removed_.erase(each.key);
  }
}

const char* to_string(RunTimeMembers::Why why) {
  switch (why) {
    case RunTimeMembers::Why::ConfigNamesIt:
      return "the config names it now";
    case RunTimeMembers::Why::ConfigNamesItNot:
      return "the config does not name it any more";
    case RunTimeMembers::Why::PoolIsGone:
      return "the config has no such pool any more";
  }
  return "";
}

}  // namespace frontdoor
