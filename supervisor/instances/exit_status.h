// What the ends of an app's instances mean for the program's own exit status, where it was asked to end with them
// (--exit-with-child; docs/adr/0022). Pure.

#pragma once

#include <optional>
#include <vector>

#include "supervisor/instances/instance_status.h"

namespace frontdoor {

// As every shell has it: the exit status, or 128 + the signal.
int exit_status_of(const ProcessEnd& end);

// Whether no instance runs, or will be started again without somebody asking for it. Not true of a pool that somebody
// has stopped: whoever has done that can start it.
bool ended_for_good(const std::vector<PoolStatus>& pools);

// That of the instance that was the first to end otherwise than with 0; 127 when one could not be started at all; 0 when
// all ended well.
int exit_status_of(const std::vector<PoolStatus>& pools);

}  // namespace frontdoor
