// What a process and all that it has started use. Reads /proc at once: a dozen small files for each process, and
// nothing of the rest of the machine. Control thread.

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "supervisor/launcher/process_tree.h"

namespace frontdoor {

enum class MemoryMeasure : std::uint8_t {
  // Pages in RAM. Cheap, but a page that several processes share counts for each of them.
  Resident,
  // A shared page is divided by the number of those who share it (PSS), so that a tree's sum is true. The kernel
  // walks the page tables for it: some milliseconds for a gigabyte. Where we may not ask, Resident.
  Proportional,
};

struct ProcessUsage {
  unsigned processes = 0;  // 0: it has gone
  std::uint64_t memory_bytes = 0;
  Duration cpu{};  // user and system, of those that live and of children that they have waited for

  bool operator==(const ProcessUsage&) const = default;
};

ProcessUsage usage_of_tree(pid_t root, MemoryMeasure measure);

// `root` first. Only descendants: what has been left to the launcher is no part of it.
std::vector<ProcessInfo> process_tree(pid_t root);

// The Pss line of /proc/PID/smaps_rollup in bytes; 0 when there is none.
std::uint64_t parse_proportional_memory(std::string_view smaps_rollup);

// The share of one CPU that was used between two looks: 1.5 is one and a half. 0 when that can not be said.
double cpu_share(const ProcessUsage& before, const ProcessUsage& after, Duration between);

}  // namespace frontdoor
