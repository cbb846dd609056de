// Why an upstream takes no requests, or does; what would bring it back, and what an operator can do: sentences for
// somebody who has never read the docs. Pure.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "balancer/upstream.h"
#include "config/config.h"

namespace frontdoor {

struct WhyFacts {
  std::string pool = {};
  std::string name = {};     // lasting: "10.0.0.2:8080", "app.2"
  std::string address = {};  // where it is, "" = nowhere now
  std::string state = {};    // "down", "crash loop"
  std::string reason = {};   // of the state
  std::optional<std::int64_t> state_millis = {};  // how long; nothing: it never had another
  DownCause cause = DownCause::None;
  std::uint64_t in_flight = 0;

  std::string order = "ready";  // an operator's
  std::string ordered_by = {};  // "root, 3m ago: a new disk"
  bool pool_maintenance = false;

  std::optional<config::HealthCheck> check = {};
  std::uint32_t streak = 0;  // passes in a row while it is down
  std::optional<std::int64_t> next_probe_millis = {};

  // Of an instance that frontdoor runs
  bool is_instance = false;
  std::string last_end = {};  // "exit 1"
  std::uint32_t restarts = 0;
  std::optional<std::int64_t> next_start_millis = {};
  bool pool_stopped = false;
};

struct Explanation {
  std::string summary;                      // "app/10.0.0.2:8080 has been down for 3m: 3 of 3 probes failed: status 503"
  std::vector<std::string> back = {};       // what would bring it back
  std::vector<std::string> advice = {};     // what one can do
};

Explanation explain(const WhyFacts& facts);

// "GET /healthz", "a TCP connect", "a TLS handshake": how an upstream at this address is looked at.
std::string question_of(const std::optional<config::HealthCheck>& check, const std::string& address);

}  // namespace frontdoor
