// Totals in the text format that Prometheus scrapes: each family with its name, help and type, series in the order of
// the configuration. prometheus-cpp writes the text; what is told and under which name is here, and in docs/metrics.md.
// Labels have names of the configuration, addresses, and words of ours, never what a client or an upstream has sent. Pure.
// Control thread: a large configuration takes milliseconds.

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>

#include "observe/totals.h"

namespace frontdoor {

// What a process uses, asked of the kernel when it is scraped.
struct ProcessUsageNow {
  double cpu_seconds = 0;
  std::uint64_t resident_bytes = 0;
  double start_unix_seconds = 0;
};

// Of this process: the metrics that every client library calls process_….
struct OwnUsage {
  ProcessUsageNow usage = {};
  std::uint64_t virtual_bytes = 0;
  std::uint64_t open_descriptors = 0;
  std::uint64_t most_descriptors = 0;
  std::uint64_t threads = 0;
};

struct ScrapeExtras {
  std::string version = {};
  std::string commit = {};
  OwnUsage own = {};
  std::map<pid_t, ProcessUsageNow> instances = {};  // by process; those that have just gone are not there
};

std::string prometheus_text(const Totals& totals, const ScrapeExtras& extras);

}  // namespace frontdoor
