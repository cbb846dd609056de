// From an answer to the addresses that are used.

#include "discovery/name_rules.h"

#include <algorithm>
#include <cstring>
#include <iterator>

namespace frontdoor {
namespace {

const in_addr& v4(const Endpoint& endpoint) {
  return reinterpret_cast<const sockaddr_in*>(endpoint.data())->sin_addr;
}
const in6_addr& v6(const Endpoint& endpoint) {
  return reinterpret_cast<const sockaddr_in6*>(endpoint.data())->sin6_addr;
}

// IPv4 first, then by value: servers rotate their answers, and a rotation is no change.
bool sorts_before(const Endpoint& a, const Endpoint& b) {
  if (a.family() != b.family()) return a.family() == AF_INET;
  if (a.family() == AF_INET) return std::memcmp(&v4(a), &v4(b), sizeof(in_addr)) < 0;
  return std::memcmp(&v6(a), &v6(b), sizeof(in6_addr)) < 0;
}

// Nobody's address. Filters answer 0.0.0.0 for what they block, and a connect to that reaches this machine.
// An IPv4 address in IPv6's clothes has no business in DNS (RFC 4291 §2.5.5.2), and would hide the same.
bool is_somebodys(const Endpoint& endpoint) {
  if (endpoint.family() == AF_INET) {
    const std::uint32_t address = ntohl(v4(endpoint).s_addr);
    return address >> 24 != 0 && !IN_MULTICAST(address) && address != INADDR_BROADCAST;
  }
  if (endpoint.family() != AF_INET6) return false;
  const in6_addr& address = v6(endpoint);
  return !IN6_IS_ADDR_UNSPECIFIED(&address) && !IN6_IS_ADDR_MULTICAST(&address) &&
         !IN6_IS_ADDR_V4MAPPED(&address);
}

bool has_family(const std::vector<Endpoint>& endpoints, int family) {
  return std::any_of(endpoints.begin(), endpoints.end(),
                     [&](const Endpoint& e) { return e.family() == family; });
}

void sort_out(std::vector<Endpoint>& endpoints) {
  std::sort(endpoints.begin(), endpoints.end(), sorts_before);
  endpoints.erase(std::unique(endpoints.begin(), endpoints.end()), endpoints.end());
}

std::vector<Endpoint> usable(std::vector<Endpoint> endpoints, const Routable& routable) {
  std::erase_if(endpoints, [](const Endpoint& endpoint) { return !is_somebodys(endpoint); });
  sort_out(endpoints);
  // RFC 6724 §6, rule 1. A machine without IPv6 would fail at each second connect; one that has lost its
  // network for a moment has no better ones.
  const auto reachable = std::stable_partition(endpoints.begin(), endpoints.end(), routable);
  if (reachable != endpoints.begin()) endpoints.erase(reachable, endpoints.end());
  return endpoints;
}

// Two queries make one answer, and one of them may have been lost: what lacks a whole family is believed the
// second time. True when `fresh` got the missing addresses back.
bool doubt_a_missing_family(std::vector<Endpoint>& fresh, const NameState& before) {
  if (before.doubted) return false;
  bool doubted = false;
  for (const int family : {AF_INET, AF_INET6}) {
    if (has_family(fresh, family) || !has_family(before.addresses, family)) continue;
    std::copy_if(before.addresses.begin(), before.addresses.end(), std::back_inserter(fresh),
                 [&](const Endpoint& endpoint) { return endpoint.family() == family; });
    doubted = true;
  }
  return doubted;
}

NameStep learn_addresses(const NameState& before, const NameAnswer& answer, const NamePace& pace,
                         const Routable& routable) {
  NameStep step{.state = before};
  step.state.tried = true;
  std::vector<Endpoint> fresh = usable(answer.endpoints, routable);
  step.state.failing = fresh.empty();
  if (fresh.empty()) {
    step.again = std::min(pace.failed, pace.most);
    return step;
  }
  step.state.doubted = doubt_a_missing_family(fresh, before);
  if (step.state.doubted) sort_out(fresh);
  step.state.left_out = fresh.size() > kMostAddresses ? fresh.size() - kMostAddresses : 0;
  fresh.resize(fresh.size() - step.state.left_out);

  const auto& known = before.addresses;
  std::set_difference(fresh.begin(), fresh.end(), known.begin(), known.end(), std::back_inserter(step.joined),
                      sorts_before);
  std::set_difference(known.begin(), known.end(), fresh.begin(), fresh.end(), std::back_inserter(step.left),
                      sorts_before);
  step.state.addresses = std::move(fresh);
  step.again =
      step.state.doubted ? std::min(pace.failed, pace.most) : std::clamp(answer.ttl, pace.least, pace.most);
  return step;
}

}  // namespace

NameStep learn(const NameState& before, const NameAnswer& answer, const NamePace& pace,
               const Routable& routable) {
  NameStep step = learn_addresses(before, answer, pace, routable);
  if (!step.joined.empty() || !step.left.empty()) step.state.hurried = 0;
  if (step.state.hurried == 0) return step;
  --step.state.hurried;
  step.again = std::min(step.again, pace.failed);
  return step;
}

}  // namespace frontdoor
