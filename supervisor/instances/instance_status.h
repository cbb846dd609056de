// What there is to be told of a pool's instances, as values: for `status`, the admin API and tests. Control thread.

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "balancer/ordered_by.h"
#include "base/address.h"
#include "base/time.h"
#include "supervisor/launcher/process_end.h"

namespace frontdoor {

class Upstream;

//                    probe passes               leaves its pool
//   starting ───────────────────────► up ─────────────────────► draining ──► stopping ──► stopped
//      ▲ │ ended, or not ready in time │ ended
//      │ ▼                             ▼
//   pausing, or crash loop when it happens again and again ───► exited: the policy does not start it again
//                                                              done: the same, and it has ended well, as a job does
enum class InstanceState : std::uint8_t { Starting, Up, Pausing, CrashLoop, Exited, Done, Draining, Stopping, Stopped, Idle };
const char* to_string(InstanceState state);  // "starting", "crash loop", …
// By itself it does not come back.
inline bool has_ended_for_good(InstanceState state) {
  return state == InstanceState::Exited || state == InstanceState::Done;
}
InstanceState state_after(const std::optional<ProcessEnd>& last_end);  // of one that has ended for good

struct InstanceStatus {
  std::string instance;  // "app.1"
  unsigned number = 0;
  std::optional<Endpoint> endpoint = {};  // none: it is stopped
  InstanceState state = InstanceState::Stopped;
  TimePoint since = {};                         // in this state
  pid_t pid = -1;                               // -1 without a process
  std::uint32_t starts = 0;                     // of this place, over all its processes
  std::uint32_t restarts = 0;                   // the same, without the first
  std::optional<ProcessEnd> last_end = {};      // of the process before
  std::optional<TimePoint> last_end_at = {};
  std::optional<TimePoint> next_start = {};     // while pausing, or in a crash loop
  std::string says = {};                        // of itself, by STATUS= (sd_notify)
  std::string late = {};                        // while starting for long: why it will not be up, as far as can be seen
  std::string last_reason = {};                 // why it was restarted last: "crashed", "restart", "src/a.js changed", …
  std::vector<std::string> requests_at_end = {};  // that were on the process before when it ended: "GET /read (id)"
  std::shared_ptr<const Upstream> upstream = {};  // null without one: health, requests in flight
  std::optional<OrderedBy> stopped_by = {};       // that one alone
};

// The last roll ended with a new instance that did not come up, and the old ones serve on.
struct FailedRoll {
  std::string asked = {};     // why it was begun: "config changed", "restart"
  std::string instance = {};  // whose place it was to take
  std::string why = {};       // "exit 3 before listening"
  TimePoint at = {};
  std::string keys = {};      // "command, env": what the config says and the old ones are not; "" = nothing

  bool of_config() const { return !keys.empty(); }
};

struct PoolStatus {
  std::string pool;
  unsigned wanted = 0;         // instances, by the config or by `scale`
  bool scaled = false;         // by `scale`, until the config names another number
  bool stopped = false;        // by `stop`, until `start`
  bool idle = false;           // by `idle_stop`, until the next request
  bool none_wanted = false;    // all are stopped, together or each by itself
  std::optional<OrderedBy> scaled_by = {};
  std::optional<OrderedBy> stopped_by = {};
  bool changing = false;  // not all that was asked for is there yet, a config that was read again included
  std::string operation = {};  // what is under way: "restart: 1 of 4"; "" = nothing
  std::optional<FailedRoll> failed_roll = {};  // and nobody has asked again
  std::vector<InstanceStatus> instances = {};  // by number; an old one behind the new one that replaces it
};

}  // namespace frontdoor
