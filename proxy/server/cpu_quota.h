// How many CPUs the control groups of this process leave it. Reading the text is pure; files are read at the start only.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace frontdoor {

// cgroup v2's cpu.max, quota and period in microseconds: "150000 100000" is two CPUs, one and a half rounded up; "max 100000" is none.
std::optional<unsigned> cpus_of_quota(std::string_view cpu_max);

// Where the quotas of a process are, of what /proc/self/cgroup says: its own group's and those above it, each of which holds. In a
// container, whose group is the root that it sees, that is one; in a unit of systemd its own (CPUQuota=) and its slices'.
std::vector<std::string> quota_files(std::string_view proc_self_cgroup);

// The least of them; nothing when there is no quota.
std::optional<unsigned> cpus_of_control_groups();

}  // namespace frontdoor
