// How long a config lets a stop take. Pure.

#pragma once

#include <algorithm>

#include "config/config.h"

namespace frontdoor {

// From its stop signal until the last instance is killed.
inline Millis longest_instance_stop(const config::Config& config) {
  Millis longest{0};
  for (const config::Pool& pool : config.pools)
    if (!pool.process.command.empty()) longest = std::max(longest, pool.process.stop_timeout);
  return longest;
}

// The instances have until the last request is answered, and then their own time.
inline Millis longest_stop(const config::Config& config) { return config.timeouts.drain + longest_instance_stop(config); }

}  // namespace frontdoor
