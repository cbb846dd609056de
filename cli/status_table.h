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
#include <string>

#include "base/style.h"

namespace frontdoor::cli {

// `given`: what --socket says, for the commands that it names.
std::string status_table(const boost::json::object& status, const Style& style, const std::string& given = "");

}  // namespace frontdoor::cli
