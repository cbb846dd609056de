// `frontdoor upstream add` and `upstream remove`. Main thread, blocking.

#pragma once

#include "cli/arguments.h"
#include "cli/program.h"

namespace frontdoor::cli {

int change_upstream(const UpstreamCommand& command, const Streams& streams);

}  // namespace frontdoor::cli
