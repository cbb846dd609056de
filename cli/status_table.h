// The status of a running frontdoor as people read it: a line about itself, then a table for each pool. From the JSON of
// /api/v1/status. Pure.
//
//   frontdoor 0.1.0  pid 4710  running for 2d 4h  127.0.0.1:8080  1284 requests
//   428 req/s  p99 18 ms  errors 0%  41 in flight
//
//   pool app  1 of 2 up  node server.js
//     UPSTREAM ADDRESS STATE      SINCE  CHECK REQ/S  P99 NOW REQS   PID  CPU MEM
//     app.1    :24001  up         2d 4h  2.1ms   428 17ms   4 1.3M 20114 3.2% 96M
//     app.2    :24002  crash loop   12s failed     0    -   0    0     -    -   -
//              7 restarts, last end: exit 1, next in 8s
//
//   frontdoor why says what is wrong, and what to do

#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>

#include "cli/style.h"

namespace frontdoor::cli {

// `given`: what --socket says, for the commands that it names.
std::string status_table(const boost::json::object& status, const Style& style, const std::string& given = "");


std::string short_duration(std::int64_t millis);  // "4s", "12m", "3h 5m", "2d 4h"
std::string short_rate(double per_second);        // "0", "0.3", "428"
std::string short_size(std::uint64_t bytes);      // "800K", "96M", "1.2G"
// "0%", "<0.01%", "0.20%", "12%", ">99.99%": none and all are said of none and all alone.
std::string short_share(double some, double all);

}  // namespace frontdoor::cli
