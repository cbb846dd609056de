// What this process and those of its instances use, as the kernel says at this moment: for a scrape. Reads some small
// files of /proc; of a process with ten thousand connections it takes some milliseconds to count them. Control thread.

#pragma once

#include <optional>

#include "admin/exposition.h"

namespace frontdoor {

OwnUsage own_usage();

// Of a process and all that it has started; nothing when it has gone.
std::optional<ProcessUsageNow> usage_now(pid_t pid);

}  // namespace frontdoor
