// What the commands share that take an upstream out and wait until nothing is on it any more, so that it may be switched
// off. Main thread, blocking.

#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/program.h"

namespace frontdoor::cli {

std::vector<std::string> texts_at(const boost::json::object& object, std::string_view name);
std::int64_t number_at(const boost::json::object& object, std::string_view name);

struct Leaving {
  std::string subject;  // as the operator wrote it
  std::string stays;    // what is so although requests are still on it: "it stays drained"
};

// `answer` is of the request that took it out: its pool, its upstreams, and how many requests were on them. The exit
// status.
int wait_until_empty(const Leaving& what, const std::string& socket, const boost::json::object& answer,
                     const Streams& streams);

}  // namespace frontdoor::cli
