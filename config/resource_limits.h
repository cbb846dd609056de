// `rlimits` of a pool: { nofile = 65536, core = "unlimited", stack = "8MiB", nproc = "100:200" }. Both ways.

#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "config/document.h"
#include "config/schema.h"

namespace frontdoor::config {

void read_resource_limits(const schema::Key& key, const Value& value, std::vector<ResourceLimit>& limits,
                          Diagnostics& diagnostics);
std::string format_resource_limits(const std::vector<ResourceLimit>& limits);

}  // namespace frontdoor::config
