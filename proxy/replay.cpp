#include "proxy/replay.h"

namespace frontdoor {

namespace {

constexpr Replay never(const char* rule) { return {Replay::Choice::Never, rule}; }
constexpr Replay another(const char* rule) { return {Replay::Choice::AnotherUpstream, rule}; }
constexpr Replay fresh(const char* rule) { return {Replay::Choice::FreshConnection, rule}; }

// The upstream closed the idle connection while our request was on its way to it: the commonest race there is
// (Node closes after 5 s). No byte of an answer means that it most likely never read the request.
Replay decide_stale(const FailedAttempt& attempt) {
  if (!attempt.sent) return fresh("stale_nothing_sent");
  if (!http::is_idempotent(attempt.method)) return never("stale_not_idempotent");
  if (!attempt.body_replayable) return never("stale_body_not_kept");
  return fresh("stale_connection");
}

Replay decide_sent(const FailedAttempt& attempt, const config::Retry& retry) {
  const bool silent = attempt.failure == UpstreamFailure::HeaderTimeout;
  if (silent ? !retry.on_timeout : !retry.on_reset) return never("not_configured");
  // A process that is only stopped may still carry out what it was sent once it wakes, so a late PUT could overwrite
  // a newer one: from a silent upstream only safe methods are taken back.
  if (silent && !http::is_safe(attempt.method)) return never("timeout_not_safe");
  if (!http::is_idempotent(attempt.method)) return never("reset_not_idempotent");
  if (!attempt.body_replayable) return never("body_not_kept");
  if (attempt.tries > retry.attempts) return never("attempts_used_up");
  return another(silent ? "timeout_safe" : "reset_idempotent");
}

}  // namespace

Replay decide_replay(const FailedAttempt& attempt, const config::Retry& retry) {
  if (attempt.committed) return never("committed");
  switch (attempt.failure) {
    case UpstreamFailure::None:
    case UpstreamFailure::InvalidResponse:  // it was processed, and the next answer would be no better
    case UpstreamFailure::Truncated:
    case UpstreamFailure::BodyTimeout: return never("answered");
    case UpstreamFailure::Reset:
      if (attempt.reused_connection && !attempt.received_anything) return decide_stale(attempt);
      break;
    case UpstreamFailure::Refused:
    case UpstreamFailure::Unreachable:
    case UpstreamFailure::ConnectTimeout:
    case UpstreamFailure::Overloaded:
    case UpstreamFailure::LocalResources:
    case UpstreamFailure::HeaderTimeout: break;
  }
  if (attempt.sent) return decide_sent(attempt, retry);
  if (!retry.on_connect_failure) return never("not_configured");
  if (attempt.tries > retry.attempts) return never("attempts_used_up");
  return another("nothing_sent");
}

}  // namespace frontdoor
