// Where events are posted to, as [admin] webhook says. All of it but the host may be a secret (a user, a path that only its
// owner knows, a token in the query), so no message and no log repeats more than that. Pure.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/address.h"

namespace frontdoor::config {

struct WebhookUrl {
  Address address = {};      // with its port; tls: https
  std::string target = {};   // "/services/T0/B0/x?token=…": what the request asks for
  std::string userinfo = {};  // "user:password", decoded; "" = none
  bool is_local() const;      // nothing of it leaves this machine
  std::string shown() const;  // "https://hooks.example:443", for people and logs
};

// Nothing, and why, when it is no URL of http or https.
std::optional<WebhookUrl> parse_webhook_url(std::string_view text, std::string& problem);

std::string webhook_problem(std::string_view text);  // for the schema; "" is none, and good

}  // namespace frontdoor::config
