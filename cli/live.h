// `frontdoor status --watch` and `frontdoor top`: what runs, again and again. Main thread, blocking.

#pragma once

#include "cli/arguments.h"
#include "cli/program.h"

namespace frontdoor::cli {

int watch_status(const StatusCommand& command, const Streams& streams);
int show_top(const TopCommand& command, const Streams& streams);

}  // namespace frontdoor::cli
