// `frontdoor why`: why an upstream takes no requests, what would bring it back, what one can do. Main thread, blocking.

#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "base/style.h"
#include "cli/arguments.h"
#include "cli/program.h"

namespace frontdoor::cli {

int show_why(const WhyCommand& command, const Streams& streams);

// Of the answer of the API, one upstream: lines for people. `given`: what --socket says, for the commands that they name.
std::string request_why_text(const boost::json::object& why, const Style& style, const std::string& given = "");
std::string failed_change_text(const boost::json::object& change, const Style& style, const std::string& given = "");
std::string why_text(const boost::json::object& why, const Style& style, const std::string& given = "");

}  // namespace frontdoor::cli
