// Who may ask what over TCP, where the other end may be a browser that somebody's page has told what to ask (DNS
// rebinding, CSRF), another user of this machine, or whoever reaches the address. What only looks is open to those who
// name us as this machine's user would; what changes something, and what may tell secrets, needs the token. (Of the
// unix socket the kernel tells who connects: admin/peer.h.) Pure.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/reply.h"

namespace frontdoor {

enum class AdminNeeds : std::uint8_t { Nothing, Trust };

struct AdminTcpRules {
  std::vector<std::string> hosts = {};  // names that may stand in Host besides localhost and every IP address
  std::string token = {};               // "" = there is none: what needs trust is not to be had over TCP
};

// What a request says of where it comes from.
struct AdminOrigin {
  std::string_view host = {};           // of Host; "" = it has none, which no browser does
  std::optional<std::string_view> origin = {};
  std::string_view authorization = {};
};

// Whether it was meant for us: by an IP address, which no attacker's name can stand for, or by a name that is ours; and
// not sent by a page of another site.
std::optional<AdminProblem> why_not_for_us(const AdminOrigin& from, const AdminTcpRules& rules);

// Whether it may have what needs this.
std::optional<AdminProblem> why_not_trusted(const AdminOrigin& from, const AdminTcpRules& rules, AdminNeeds needs);

}  // namespace frontdoor
