// `frontdoor reload`, `config diff` and `healthcheck`. Main thread, blocking.

#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "cli/arguments.h"
#include "cli/program.h"

namespace frontdoor::cli {

int reload(const ReloadCommand& command, const Streams& streams);
int upgrade(const UpgradeCommand& command, const Streams& streams);
int show_diff(const DiffCommand& command, const Streams& streams);
int check_health(const HealthCommand& command, const Streams& streams);

// Why no request can be served, as its status tells; "" = one can.
std::string why_not_ready(const boost::json::object& status);

}  // namespace frontdoor::cli
