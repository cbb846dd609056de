// The target of an admin request, taken apart: what is asked for, and with which parameters. Pure.
//
//   /api/v1/pools/app:restart?now=1   segments: "api", "v1", "pools", "app:restart"; parameters: now = "1"

#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace frontdoor {

using AdminParameters = std::map<std::string, std::string, std::less<>>;

struct AdminPath {
  std::vector<std::string> segments;  // decoded; an empty one stays, and matches nothing
  AdminParameters parameters;
};

// Nothing when it is no path that begins with "/", or has a "%" that stands for nothing, or a control character behind
// one. Dots mean nothing: no route has such a segment. A "+" is a plus.
std::optional<AdminPath> parse_admin_path(std::string_view target);

}  // namespace frontdoor
