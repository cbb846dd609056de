// Why a command could not be executed, in the words of an operator: what execve says is often true and of little use.
// Looks at the files that the command names. Control thread.

#pragma once

#include <string>

#include "supervisor/launcher/launch_request.h"

namespace frontdoor {

std::string why_not_started(const LaunchRequest& request, const LaunchFailure& failure);

}  // namespace frontdoor
