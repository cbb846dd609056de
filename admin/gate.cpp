#include "admin/gate.h"

#include <arpa/inet.h>

#include <algorithm>

#include "base/ascii_case.h"

namespace frontdoor {

namespace {

constexpr std::string_view kBearer = "bearer ";

// Of "name:9900", "192.0.2.1", "[::1]:9900": without port and brackets.
std::string_view name_of(std::string_view host) {
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  host = host.substr(0, host.find(':'));
  if (host.ends_with('.')) host.remove_suffix(1);
  return host;
}

bool is_ip_address(std::string_view text) {
  const std::string terminated(text);
  in6_addr parsed;  // large enough for both
  return ::inet_pton(AF_INET, terminated.c_str(), &parsed) == 1 || ::inet_pton(AF_INET6, terminated.c_str(), &parsed) == 1;
}

bool is_ours(std::string_view host, const AdminTcpRules& rules) {
  const std::string_view name = name_of(host);
  if (host.empty() || is_ip_address(name) || equal_in_ascii(name, "localhost")) return true;
  return std::any_of(rules.hosts.begin(), rules.hosts.end(),
                     [&](const std::string& ours) { return equal_in_ascii(name, ours); });
}

bool is_same_site(std::string_view origin, std::string_view host) {
  for (const std::string_view scheme : {"http://", "https://"})
    if (origin.size() > scheme.size() && equal_in_ascii(origin.substr(0, scheme.size()), scheme) &&
        equal_in_ascii(origin.substr(scheme.size()), host))
      return true;
  return false;
}

// Takes as long wherever the first difference is, so that a guess learns nothing from the time.
bool equal_in_constant_time(std::string_view given, std::string_view token) {
  unsigned different = given.size() == token.size() ? 0 : 1;
  for (std::size_t i = 0; i < token.size(); ++i)
    different |= static_cast<unsigned char>(token[i]) ^ static_cast<unsigned char>(i < given.size() ? given[i] : 0);
  return different == 0;
}

}  // namespace

std::optional<AdminProblem> why_not_for_us(const AdminOrigin& from, const AdminTcpRules& rules) {
  if (!is_ours(from.host, rules))
    return AdminProblem(421, "wrong_host",
                        "this address answers to localhost, to IP addresses and to the names in [admin] hosts");
  if (from.origin && !is_same_site(*from.origin, from.host))
    return AdminProblem(403, "foreign_origin", "this request was made by a page of another site");
  return std::nullopt;
}

std::optional<AdminProblem> why_not_trusted(const AdminOrigin& from, const AdminTcpRules& rules, AdminNeeds needs) {
  if (needs == AdminNeeds::Nothing) return std::nullopt;
  if (rules.token.empty())
    return AdminProblem(403, "needs_socket", "this is for the admin socket only, unless [admin] token is set");
  const std::string_view given = from.authorization;
  const bool is_bearer = given.size() > kBearer.size() && equal_in_ascii(given.substr(0, kBearer.size()), kBearer);
  if (is_bearer && equal_in_constant_time(given.substr(kBearer.size()), rules.token)) return std::nullopt;
  return AdminProblem(401, "needs_token", "this needs the token of [admin] token: Authorization: Bearer …");
}

}  // namespace frontdoor
