// As whom, where and with what a process of a pool runs, by the config: an instance, or the command of a check. Reads
// this process's environment. Control thread.

#pragma once

#include "config/config.h"
#include "supervisor/instances/instance_environment.h"
#include "supervisor/launcher/launch_request.h"

namespace frontdoor {

// All of a request but its command, its signal and its memo.
LaunchRequest run_as(const config::Launch& launch, const InstanceVariables& ours);

}  // namespace frontdoor
