// What a running frontdoor tells about itself, as plain data, and as the JSON of
// /api/v1/status and /api/v1/processes. Pure.

#pragma once

#include <sys/types.h>

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace frontdoor {

struct AdminProcess {
  unsigned number = 0;  // of the instance
  pid_t pid = -1;       // -1: there is none
  // Of the process and all that descends from it; nothing without one, or when it can not be read.
  std::optional<std::uint64_t> memory_bytes = {};
  std::optional<double> cpu_percent = {};  // of one CPU, over the last moment
  std::optional<std::uint64_t> cpu_millis = {};
  unsigned processes = 0;
  std::uint32_t restarts = 0;
  std::string last_end = {};  // "exit 1"; "" = it has not ended yet
  std::string last_reason = {};  // why it was restarted last
  std::string says = {};         // of itself, by STATUS= (sd_notify)
  std::vector<std::string> requests_at_end = {};  // that were on the process before when it ended
  std::optional<std::int64_t> next_start_millis = {};  // from now
};

// Who has ordered something, when, and why.
struct AdminStanding {
  std::string by = {};
  std::int64_t unix_millis = 0;
  std::string reason = {};  // "" = none was given
};

// Over the last seconds.
struct AdminPace {
  double requests = 0;  // a second
  double errors = 0;    // a second: 5xx, and no whole answer
  std::optional<double> p99_ms = {};  // nothing: there was no answer
};

// The last probe.
struct AdminCheck {
  bool passed = false;
  double ms = 0;
  std::string error = {};  // in words
};

struct AdminUpstream {
  // By an operator, whatever its state is.
  struct Ordered {
    std::string order = {};  // "ready", "drain", "maintenance"
    std::optional<std::uint32_t> weight = {};
    AdminStanding standing = {};
  };

  std::string name = {};     // "app.1", "10.0.0.2:8080"
  std::string address = {};
  std::string state = {};    // one word or two: "up", "crash loop"
  std::string reason = {};   // why
  std::int64_t since_unix_millis = 0;  // of its state; 0 = it never had another
  std::uint64_t requests = 0;
  std::uint64_t in_flight = 0;
  std::uint32_t weight = 1;
  std::optional<Ordered> ordered = {};
  std::optional<AdminStanding> stopped_by = {};  // of an instance: that one alone
  std::optional<AdminStanding> added = {};  // by an operator while it runs: the config does not name it
  bool leaving = false;                     // it was removed, and requests are still on it
  std::optional<AdminProcess> process = {};  // of an instance
  std::optional<AdminPace> pace = {};        // nothing: it is not measured
  std::optional<AdminCheck> check = {};      // nothing: there was none
};

struct AdminPool {
  struct Maintenance {
    AdminStanding standing = {};
    std::uint32_t retry_after_seconds = 0;
    bool page = false;  // of the operator's own
  };
  std::string name = {};
  std::string_view protocol = "http/1.1";  // what is spoken to its upstreams
  std::vector<std::string> command = {};  // empty: frontdoor does not run it
  std::string directory = {};
  unsigned wanted = 0;         // instances
  bool stopped = false;        // by `stop`
  std::optional<AdminStanding> stopped_by = {};  // of an operator, these two
  std::optional<AdminStanding> scaled_by = {};   // until the config names another number
  std::string operation = {};  // what is under way: "restart: 1 of 4"; "" = nothing
  // The last roll ended with a new instance that did not come up, and nobody has asked again.
  struct FailedChange {
    std::string asked = {};     // why it was begun: "config changed", "restart"
    std::string keys = {};      // of the config, that are other than what serves: "command, env"; "" = none
    std::string instance = {};
    std::string why = {};       // "exited 3 before listening"
    std::int64_t unix_millis = 0;
  };
  std::optional<FailedChange> failed_change = {};
  std::optional<Maintenance> maintenance = {};  // nothing: it serves
  std::vector<AdminUpstream> upstreams = {};
  // Of those that the config names, what an operator has removed.
  struct Removed {
    std::string upstream = {};
    AdminStanding standing = {};
  };
  std::vector<Removed> removed = {};
  std::uint64_t held = 0;  // requests that wait for one of them
};

struct AdminStatus {
  std::string version = {};
  pid_t pid = 0;
  pid_t main_pid = 0;  // the launcher's, where there is one: what is stopped and waited for
  std::string state = "running";  // "draining"
  std::int64_t since_unix_millis = 0;
  std::int64_t now_unix_millis = 0;
  std::vector<std::string> command_line = {};
  std::string directory = {};
  std::string config_file = {};  // "" = it has none
  // What that says by now is not what serves: it has errors.
  struct RefusedFile {
    std::string reason = {};  // "fd.toml:3:1: …", the first of them
    std::int64_t unix_millis = 0;
  };
  std::optional<RefusedFile> refused_file = {};
  std::string socket = {};
  std::string address = {};  // where it is asked over TCP; "" = nowhere
  std::uint64_t memory_bytes = 0;  // of the front door's own process
  // The process before this one, which the launcher has replaced.
  struct Crash {
    std::string end = {};  // "SIGSEGV"
    std::int64_t unix_millis = 0;
    std::uint64_t away_millis = 0;  // until this one was there
    std::uint64_t lived_millis = 0;
    std::uint64_t instances = 0;    // that ran on
    std::uint32_t crashes = 0;      // so far
  };
  std::optional<Crash> crashed = {};
  std::uint64_t drain_millis = 0;  // how long a stop may take
  std::uint64_t connections = 0;
  std::uint64_t requests = 0;
  std::uint64_t in_flight = 0;
  std::uint64_t held = 0;
  AdminPace pace = {};  // of all traffic
  std::uint64_t generation = 0;  // of the config
  struct Listener {
    std::string name;
    std::string address;
  };
  std::vector<Listener> listeners = {};
  std::vector<AdminPool> pools = {};
};

// What has failed and what that means for whatever ends now; and what one can do.
std::string summary_of(const AdminPool::FailedChange& change);
std::vector<std::string> advice_about(const AdminPool::FailedChange& change, const std::string& pool);

boost::json::object to_json(const AdminStatus& status);
// Of these, the instances that frontdoor runs, of all pools, each with its pool: {"processes":[…]}.
boost::json::object processes_json(const AdminStatus& status);

}  // namespace frontdoor
