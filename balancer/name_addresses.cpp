#include "balancer/name_addresses.h"

#include <algorithm>
#include <string_view>

namespace frontdoor {
namespace {

bool is_localhost(std::string_view host) {
  constexpr std::string_view localhost = "localhost";
  if (host.ends_with('.')) host.remove_suffix(1);
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(host.begin(), host.end(), localhost.begin(), localhost.end(),
                    [&](char a, char b) { return lower(a) == b; });
}

}  // namespace

bool is_looked_up(const Address& address) { return fixed_endpoints(address).empty(); }

std::vector<Endpoint> fixed_endpoints(const Address& address) {
  if (address.kind == Address::Kind::Unix) return {Endpoint::unix_path(address.host)};
  // RFC 6761 §6.3: localhost is both loopback addresses, whatever the machine's hosts file forgot. It is one
  // app on one machine, which listens on either (Node on ::1 alone where that comes first): one upstream,
  // both addresses in turn.
  if (is_localhost(address.host))
    return {*Endpoint::numeric("127.0.0.1", address.port), *Endpoint::numeric("::1", address.port)};
  if (const auto numeric = Endpoint::numeric(address.host, address.port)) return {*numeric};
  return {};
}

}  // namespace frontdoor
