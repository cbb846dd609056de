// `frontdoor reload`, `config diff` and `healthcheck`. Main thread, blocking.

#pragma once

#include "cli/arguments.h"
#include "cli/program.h"

namespace frontdoor::cli {

int reload(const ReloadCommand& command, const Streams& streams);
int upgrade(const UpgradeCommand& command, const Streams& streams);
int show_diff(const DiffCommand& command, const Streams& streams);
int check_health(const HealthCommand& command, const Streams& streams);

}  // namespace frontdoor::cli
