#include "supervisor/instances/restart_policy.h"

#include <algorithm>

namespace frontdoor {

namespace {

constexpr double kJitter = 0.2;  // a pause is up to this share longer

}  // namespace

RestartDecision RestartPolicy::ended(const ProcessEnd& end, Duration lived, double random) {
  using Policy = config::Restart::Policy;
  if (lived >= settings_.reset_after) short_lives_ = 0;
  const bool went_well = !end.by_signal && end.value == 0;
  if (settings_.policy == Policy::Never || (settings_.policy == Policy::OnFailure && went_well))
    return {.what = RestartDecision::What::Stay};
  return start_again(random);
}

RestartDecision RestartPolicy::failed_to_start(double random) {
  if (settings_.policy == config::Restart::Policy::Never) return {.what = RestartDecision::What::Stay};
  return start_again(random);
}

RestartDecision RestartPolicy::start_again(double random) {
  ++short_lives_;
  RestartDecision decision;
  decision.crash_loop = short_lives_ >= settings_.crash_loop_after;
  Duration pause = settings_.backoff_min;
  for (std::uint32_t i = 1; i < short_lives_ && pause < settings_.backoff_max; ++i) pause *= 2;
  if (decision.crash_loop) pause = settings_.backoff_max;
  pause = std::clamp<Duration>(pause, settings_.backoff_min, settings_.backoff_max);
  decision.pause = std::chrono::duration_cast<Duration>(pause * (1 + kJitter * random));
  return decision;
}

}  // namespace frontdoor
