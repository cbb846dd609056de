// `frontdoor top`: what is busy now, the busiest first. Pure.

#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>

#include "base/style.h"
#include "cli/arguments.h"

namespace frontdoor::cli {

// Of two answers of /api/v1/status and the time between them. Upstreams of all pools in one table.
std::string top_table(const boost::json::object& before, const boost::json::object& after, std::int64_t millis_between,
                      TopOrder order, const Style& style);

}  // namespace frontdoor::cli
