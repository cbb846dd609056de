// The processes of exec checks, which are known by the marks that they bear, and how they are ended with all that they have
// started. Any thread.

#pragma once

#include <sys/types.h>

#include <optional>
#include <string_view>
#include <vector>

#include "supervisor/launcher/process_tree.h"

namespace frontdoor {

// The process of a check, if this number is still its own: the launcher's child, with the marks that it was given.
std::optional<ProcessInfo> check_at(pid_t pid, std::string_view life);

// It first, so that it starts nothing more; what it has started is still known as its own in `all`.
void kill_with_all_below(const ProcessInfo& who, const std::vector<ProcessInfo>& all);

}  // namespace frontdoor
