// What makes two requests alike when an upstream died of one of them (balancer/containment.h). Pure.

#pragma once

#include <string_view>

#include "balancer/containment.h"

namespace frontdoor {

struct AskedFor {
  std::string_view method;
  std::string_view target;
  std::string_view route_host;  // of the route that it matched
  std::string_view route_path;
};

Likeness likeness_of(const AskedFor& request);

// The path without its query for a log line: no secrets of the query, and not longer than a line should be.
std::string_view path_of(std::string_view target);

}  // namespace frontdoor
