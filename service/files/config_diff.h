// What a config would change of another, for people who are about to apply it or just have. Pure.

#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace frontdoor {

// One line each: "[pool.app] max_in_flight: 0 -> 10", "+ [pool.web]", "[pool.app] upstreams: + { address = … }". In the order
// of `frontdoor config show`. Values of environment variables and other secrets are "***".
std::vector<std::string> config_changes(const config::Config& before, const config::Config& after);

}  // namespace frontdoor
