// How each command reads its arguments; cli/arguments.h asks the one whose turn it is. Pure.

#pragma once

#include <boost/system/result.hpp>
#include <string>
#include <vector>

#include "cli/arguments.h"

namespace frontdoor::cli {

using Parsed = boost::system::result<Command, UsageError>;
using Arguments = std::vector<std::string>;  // without the command's name

// Those that serve.
Parsed parse_run(const Arguments& arguments);
Parsed parse_proxy(const Arguments& arguments);
Parsed parse_demo(const Arguments& arguments);
Parsed parse_demo_app(const Arguments& arguments);

// Those about files.
Parsed parse_check(const Arguments& arguments);
Parsed parse_config(Arguments arguments);
Parsed parse_cert(const Arguments& arguments);

// Those that ask a running frontdoor.
Parsed parse_status(const Arguments& arguments);
Parsed parse_top(const Arguments& arguments);
Parsed parse_logs(Arguments arguments);
Parsed parse_events(Arguments arguments);
Parsed parse_why(const Arguments& arguments);
Parsed parse_reload(const Arguments& arguments);
Parsed parse_upgrade(const Arguments& arguments);
Parsed parse_healthcheck(const Arguments& arguments);
Parsed parse_diff(const Arguments& arguments);
Parsed parse_shutdown(const Arguments& arguments);

// And those that change something there. `topic`: the command's name.
Parsed parse_operation(OperateCommand::Verb verb, const std::string& topic, const Arguments& arguments);
Parsed parse_steer(SteerCommand::Verb verb, const std::string& topic, const Arguments& arguments);
Parsed parse_upstream(Arguments arguments);

}  // namespace frontdoor::cli
