// The text of what a page is sent: events of an event stream (HTML Living Standard §9.2), with one line of JSON each. Pure.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dashboard/history.h"

namespace frontdoor {

// A page that has lost its connection comes back after so long.
inline constexpr std::string_view kRetryLine = "retry: 1000\n\n";

std::string sent_event(std::string_view name, std::string_view json);

// A point as the page gets it: [requests, errors, p50, p95, p99, in_flight, held].
std::string to_json(const HistoryPoint& point);
// The last `count` of them, with commas between.
std::string last_points(const Ring<HistoryPoint>& points, std::size_t count);

}  // namespace frontdoor
