// Durations, sizes, rates and shares as people read them at a glance. Pure.

#pragma once

#include <cstdint>
#include <string>

namespace frontdoor {

std::string short_duration(std::int64_t millis);  // "4s", "12m", "3h 5m", "2d 4h"
std::string short_rate(double per_second);        // "0", "0.3", "428"
std::string short_size(std::uint64_t bytes);      // "800K", "96M", "1.2G"
// "0%", "<0.01%", "0.20%", "12%", ">99.99%": none and all are said of none and all alone.
std::string short_share(double some, double all);

}  // namespace frontdoor
