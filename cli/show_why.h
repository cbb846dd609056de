// `frontdoor why`: why an upstream takes no requests, what would bring it back, what one can do. Main thread, blocking.

#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "cli/arguments.h"
#include "cli/program.h"
#include "cli/style.h"

namespace frontdoor::cli {

int show_why(const WhyCommand& command, const Streams& streams);

// Of the answer of the API, one upstream: lines for people.
std::string request_why_text(const boost::json::object& why, const Style& style);
std::string why_text(const boost::json::object& why, const Style& style);

}  // namespace frontdoor::cli
