#include "supervisor/instances/exit_status.h"

namespace frontdoor {

namespace {

constexpr int kUnknown = 1;
constexpr int kNotStarted = 127;

}  // namespace

int exit_status_of(const ProcessEnd& end) {
  if (!end.known) return kUnknown;
  return end.by_signal ? 128 + end.value : end.value;
}

bool ended_for_good(const std::vector<PoolStatus>& pools) {
  bool any = false;
  for (const PoolStatus& pool : pools) {
    if (pool.stopped || pool.instances.size() < pool.wanted) return false;
    for (const InstanceStatus& instance : pool.instances) {
      if (!has_ended_for_good(instance.state)) return false;
      any = true;
    }
  }
  return any;
}

int exit_status_of(const std::vector<PoolStatus>& pools) {
  int status = 0;
  std::optional<TimePoint> when;
  for (const PoolStatus& pool : pools)
    for (const InstanceStatus& instance : pool.instances) {
      const bool not_started = !instance.last_end && instance.state == InstanceState::Exited;
      const int one = instance.last_end ? exit_status_of(*instance.last_end) : not_started ? kNotStarted : 0;
      const TimePoint at = instance.last_end_at.value_or(instance.since);
      if (one == 0 || (when && at >= *when)) continue;
      status = one;
      when = at;
    }
  return status;
}

}  // namespace frontdoor
