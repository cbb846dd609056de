// `frontdoor drain`, `ready`, `maintenance` and `weight`: what an operator orders of upstreams. Main thread, blocking.

#pragma once

#include "cli/arguments.h"
#include "cli/program.h"

namespace frontdoor::cli {

int steer(const SteerCommand& command, const Streams& streams);

}  // namespace frontdoor::cli
