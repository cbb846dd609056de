// What health knows about one upstream beyond its state: for the admin API and for people who ask why.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "balancer/upstream.h"
#include "base/time.h"
#include "config/config.h"
#include "health/verdict.h"
#include "observe/word_counts.h"

namespace frontdoor {

struct HealthReport {
  std::shared_ptr<Upstream> upstream;  // state and reason are its own
  bool checked = false;                // false: no health check is configured
  std::uint64_t history = 0;           // the last results, the newest in the lowest bit, 1 = passed
  unsigned history_size = 0;           // how many bits count, at most 64
  Duration last_latency{};             // of the last probe that counted
  std::string last_error;              // the last failure in words, "" = none yet
  WordTotals results;                  // of all probes: "passed", "failed", "timed_out", "refused", "discarded"
};

// One look at an upstream and what it has found, of the prober or of a request.
struct ProbeRecord {
  enum class By : std::uint8_t { Probe, Request };
  TimePoint at{};
  Outcome outcome = Outcome::Passed;
  bool counted = true;  // false: our own side was late or out of something, or its process is still starting
  std::string detail = {};  // a failure in words
  std::string words = {};   // what a command wrote last: for those who are told what apps write
  Duration latency{};
  By by = By::Probe;
};

// Why an upstream is in its state, and what it takes to leave it: for one who asks about this one.
struct HealthDetail {
  HealthReport report;
  std::vector<ProbeRecord> recent = {};  // oldest first, at most kMostProbeRecords
  std::optional<config::HealthCheck> check = {};  // nothing: it is looked at when traffic was refused
  std::uint32_t streak = 0;              // results in a row that speak against its state
  std::optional<Duration> next_probe = {};  // from now; nothing: none is due
};
inline constexpr std::size_t kMostProbeRecords = 16;

}  // namespace frontdoor
