// Rise, fall and pace of probing.

#include "health/verdict.h"

#include <algorithm>

namespace frontdoor {
namespace {

// Between probes of an upstream that never passed yet: the sooner it is seen to be up, the shorter requests
// wait.
constexpr Millis kBurstFloor{50};
constexpr Millis kBurstSpread{50};

Duration scaled(Duration duration, double factor) {
  return std::chrono::duration_cast<Duration>(duration * factor);
}

std::string counted(std::uint32_t count, std::string_view what) {
  return std::to_string(count) + (count == 1 ? " probe " : " probes ") + std::string(what);
}

DownCause cause_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::Refused: return DownCause::Dead;
    case Outcome::TimedOut: return DownCause::Hung;
    case Outcome::Failed:
    case Outcome::Passed:
    case Outcome::NotEvidence: break;
  }
  return DownCause::Unwell;
}

}  // namespace

VerdictRules VerdictRules::of(const config::HealthCheck& check) {
  return {.rise = std::max(check.rise, 1U),
          .fall = std::max(check.fall, 1U),
          .interval = check.interval,
          .interval_down = check.interval_down,
          .timeout = check.timeout,
          .jitter = check.jitter,
          .burst = check.type != config::HealthCheck::Type::Exec};
}

VerdictRules VerdictRules::revival() {
  return {.rise = 1, .fall = 1, .interval_down = Millis{100}, .doubling = true};
}

Judgement Verdict::observe(const Observation& seen, std::string_view detail) {
  if (!on_time(seen.lateness, rules_.timeout)) return {};
  if (seen.outcome == Outcome::NotEvidence) {
    // Not at once: what we are out of comes back in its own time.
    Judgement discarded;
    discarded.next = std::min(next_delay(seen.jitter), Duration(rules_.interval_down));
    return discarded;
  }
  if (state_ != UpstreamState::Up && burst_left_ > 0) --burst_left_;
  record(seen.outcome == Outcome::Passed);

  // A timeout while real requests are answered is slow, not hung. Taking it out for that would push its load
  // onto the others, which then are slow in turn.
  const bool slow = seen.outcome == Outcome::TimedOut && seen.served_meanwhile && state_ == UpstreamState::Up;
  Judgement judgement = seen.outcome == Outcome::Passed || slow ? pass() : fail(seen.outcome, detail);
  judgement.counted = true;
  judgement.next = next_delay(seen.jitter);
  return judgement;
}

Judgement Verdict::pass() {
  if (state_ == UpstreamState::Up) {
    streak_ = 0;
    return {};
  }
  if (state_ == UpstreamState::Unknown) {
    align(UpstreamState::Up);
    return {.change = Change::WentUp, .reason = "first probe passed"};
  }
  // A streak in Down counts passes, so whatever fails in between starts it anew.
  if (++streak_ < rules_.rise) return {};
  const std::uint32_t passes = streak_;
  align(UpstreamState::Up);
  return {.change = Change::WentUp, .reason = counted(passes, "passed")};
}

Judgement Verdict::fail(Outcome outcome, std::string_view detail) {
  if (state_ == UpstreamState::Down) {
    streak_ = 0;
    ++failures_down_;
    return {};
  }
  // Dead is evicted at once: the next request would be refused just the same. While unknown nobody depends on
  // it and an app that is starting refuses at first.
  const bool dead = outcome == Outcome::Refused && state_ == UpstreamState::Up;
  if (++streak_ < rules_.fall && !dead) return {};
  const std::uint32_t failures = streak_;
  align(UpstreamState::Down);
  Judgement down;
  down.change = Change::WentDown;
  down.cause = cause_of(outcome);
  down.reason = failures == 1 || dead
                    ? std::string(detail)
                    : std::to_string(failures) + " of " + counted(failures, "failed: ") + std::string(detail);
  return down;
}

void Verdict::align(UpstreamState state) {
  if (state == state_) return;
  state_ = state;
  streak_ = 0;
  failures_down_ = 0;
  if (state == UpstreamState::Up) burst_left_ = 0;
}

Duration Verdict::next_delay(double jitter) const {
  const double spread = 1.0 + rules_.jitter * (2.0 * jitter - 1.0);
  if (state_ == UpstreamState::Up) return scaled(rules_.interval, spread);
  if (rules_.doubling) {
    const Millis pause = rules_.interval_down * (1U << std::min(failures_down_, 16U));
    return scaled(std::min(pause, rules_.interval), spread);
  }
  const Duration down = scaled(rules_.interval_down, spread);
  if (burst_left_ == 0 || !rules_.burst) return down;
  return std::min(down, Duration(kBurstFloor) + scaled(kBurstSpread, jitter));
}

void Verdict::record(bool passed) {
  history_ = history_ << 1 | (passed ? 1 : 0);
  history_size_ = std::min(history_size_ + 1, 64U);
}

}  // namespace frontdoor
