// The status of a running frontdoor as people read it: a line about itself, then a table for each pool. From the JSON of
// /api/v1/status. Pure.
//
//   frontdoor 0.1.0  pid 4710  running for 2d 4h  127.0.0.1:8080  1284 requests
//
//   pool app  1 of 2 up  node server.js
//     INSTANCE  ADDRESS  STATE       SINCE    PID   MEM  CPU  RESTARTS  LAST END  REQUESTS  NOW
//     app.1     :24001   up          2d 4h  20114   96M   3%         0  -              428    4
//     app.2     :24002   crash loop    12s      -     -    -         7  exit 1           0    0
//                        next start in 8s

#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>

#include "cli/style.h"

namespace frontdoor::cli {

std::string status_table(const boost::json::object& status, const Style& style);

std::string short_duration(std::int64_t millis);  // "4s", "12m", "3h 5m", "2d 4h"
std::string short_size(std::uint64_t bytes);      // "800K", "96M", "1.2G"

}  // namespace frontdoor::cli
