#include "proxy/exchange/replay.h"

#include <algorithm>

namespace frontdoor {

namespace {

constexpr Replay never(const char* rule) { return {Replay::Choice::Never, rule}; }
constexpr Replay another(const char* rule) { return {Replay::Choice::AnotherUpstream, rule}; }
constexpr Replay fresh(const char* rule) { return {Replay::Choice::FreshConnection, rule}; }

// The upstream closed the idle connection while our request was on its way to it: the commonest race there is
// (Node closes after 5 s). No byte of an answer means that it most likely never read the request.
Replay decide_stale(const FailedAttempt& attempt, const config::Retry& retry) {
  if (!attempt.sent && !attempt.body_replayable) return never("stale_body_not_kept");
  if (!attempt.sent) return fresh("stale_nothing_sent");
  if (!http::is_idempotent(attempt.method)) return never("stale_not_idempotent");
  if (!attempt.body_replayable) return never("stale_body_not_kept");
  if (attempt.tries > retry.attempts) return never("attempts_used_up");
  return fresh("stale_connection");
}

// Sent, and an upstream may have begun to work on it: once more is extra load.
Replay decide_extra(const FailedAttempt& attempt, const config::Retry& retry, const char* rule) {
  if (!attempt.body_replayable) return never("body_not_kept");
  if (attempt.tries > retry.attempts) return never("attempts_used_up");
  if (!attempt.budget_left && !attempt.death_paid_for) return never("budget_used_up");
  Replay replay = another(rule);
  replay.spends_budget = !attempt.death_paid_for;
  return replay;
}

// A process that is only stopped may still carry out what it was sent once it wakes, so a late PUT could overwrite a
// newer one: from a silent upstream only safe methods are taken back. And only for one that has not had the request yet:
// an upstream that was silent may be working on it, and would do so twice.
Replay decide_timeout(const FailedAttempt& attempt, const config::Retry& retry) {
  if (!retry.on_timeout) return never("not_configured");
  if (!http::is_safe(attempt.method)) return never("timeout_not_safe");
  if (!attempt.another_free) return never("timeout_no_other");
  return decide_extra(attempt, retry, "timeout_safe");
}

Replay decide_reset(const FailedAttempt& attempt, const config::Retry& retry) {
  if (!retry.on_reset) return never("not_configured");
  if (!http::is_idempotent(attempt.method)) return never("reset_not_idempotent");
  Replay replay = decide_extra(attempt, retry, "reset_idempotent");
  const bool budget_says_no = !attempt.budget_left && !attempt.death_paid_for;
  const bool only_the_budget = attempt.body_replayable && attempt.tries <= retry.attempts && budget_says_no;
  replay.unless_dead = only_the_budget && retry.on_evicted;
  return replay;
}

// Whether the status is one of `retry.on` has been looked at before.
Replay decide_status(const FailedAttempt& attempt, const config::Retry& retry) {
  if (!http::is_idempotent(attempt.method)) return never("status_not_idempotent");
  return decide_extra(attempt, retry, "status_idempotent");
}

// The request waits on an upstream that was taken out meanwhile. Free of the budget: nobody works on it any more, so
// that it is not one request more for the pool but the same one elsewhere. But a try: it may be what killed it. One that
// hangs may wake up and answer, which is better than waiting for nobody elsewhere.
Replay decide_evicted(const FailedAttempt& attempt, const config::Retry& retry) {
  if (!retry.on_evicted) return never("not_configured");
  const bool allowed = attempt.upstream_dead ? http::is_idempotent(attempt.method) : http::is_safe(attempt.method);
  if (!allowed) return never(attempt.upstream_dead ? "evicted_not_idempotent" : "evicted_not_safe");
  if (!attempt.upstream_dead && !attempt.another_up) return never("evicted_no_other");
  if (!attempt.body_replayable) return never("body_not_kept");
  if (attempt.tries > retry.attempts) return never("attempts_used_up");
  return another(attempt.upstream_dead ? "evicted_idempotent" : "evicted_safe");
}

Replay decide_sent(const FailedAttempt& attempt, const config::Retry& retry) {
  switch (attempt.failure) {
    case UpstreamFailure::HeaderTimeout: return decide_timeout(attempt, retry);
    case UpstreamFailure::Evicted: return decide_evicted(attempt, retry);
    case UpstreamFailure::RetryStatus: return decide_status(attempt, retry);
    default: return decide_reset(attempt, retry);
  }
}

// Any method may go elsewhere. A request survives that most of a large pool has just died. A part of its body may have been
// used up all the same: what many share has an output, in which it waited.
Replay decide_unsent(const FailedAttempt& attempt, const config::Retry& retry) {
  if (!retry.on_connect_failure) return never("not_configured");
  if (!attempt.body_replayable) return never("body_not_kept");
  const bool counts = is_try(attempt.failure, false, attempt.reused_connection);
  if (counts && attempt.tries > retry.attempts) return never("attempts_used_up");
  return another("nothing_sent");
}

// RFC 9113 §8.7: whatever it is, it may be sent again. A connection that goes away or is full takes no more, so the next
// try is on a fresh one.
Replay decide_unprocessed(const FailedAttempt& attempt, const config::Retry& retry) {
  if (!retry.on_connect_failure) return never("not_configured");
  if (!attempt.body_replayable) return never("body_not_kept");
  const bool counts = is_try(attempt.failure, attempt.sent, attempt.reused_connection);
  if (counts && attempt.tries > retry.attempts) return never("attempts_used_up");
  return fresh("never_processed");
}

Replay decide_uncontained(const FailedAttempt& attempt, const config::Retry& retry) {
  if (attempt.committed) return never("committed");
  switch (attempt.failure) {
    case UpstreamFailure::None:
    case UpstreamFailure::InvalidResponse:  // it was processed, and the next answer would be no better
    case UpstreamFailure::BodyTimeout: return never("answered");
    case UpstreamFailure::Reset:
      if (attempt.reused_connection && !attempt.received_anything) return decide_stale(attempt, retry);
      break;
    case UpstreamFailure::NotProcessed: return decide_unprocessed(attempt, retry);
    // Of one pool some may have been updated already. Nothing was sent and nothing is wrong: each is asked, whatever retry.on says.
    case UpstreamFailure::NoWebSocket:
      if (!attempt.another_up) return never("websocket_no_other");
      if (!attempt.sent) return another("nothing_sent");
      break;
    case UpstreamFailure::Refused:
    case UpstreamFailure::Untrusted:
    case UpstreamFailure::TlsFailed:
    case UpstreamFailure::Unreachable:
    case UpstreamFailure::ConnectTimeout:
    case UpstreamFailure::Overloaded:
    case UpstreamFailure::LocalResources:
    case UpstreamFailure::HeaderTimeout:
    case UpstreamFailure::Evicted:
    case UpstreamFailure::RetryStatus: break;
  }
  return attempt.sent ? decide_sent(attempt, retry) : decide_unsent(attempt, retry);
}

}  // namespace

bool is_try(UpstreamFailure failure, bool sent, bool reused_connection) {
  if (failure == UpstreamFailure::NotProcessed) return !reused_connection;
  if (sent) return true;
  switch (failure) {
    case UpstreamFailure::Refused:
    case UpstreamFailure::Evicted: return false;                     // its upstream is out
    case UpstreamFailure::NoWebSocket: return false;                 // each is asked once
    case UpstreamFailure::Reset: return !reused_connection;          // an idle connection was found closed: one less
    default: return true;
  }
}

Replay decide_replay(const FailedAttempt& attempt, const config::Retry& retry) {
  const Replay replay = decide_uncontained(attempt, retry);
  const bool reached_it = attempt.sent && attempt.failure != UpstreamFailure::NotProcessed;
  const bool stop = attempt.contained && reached_it && replay.choice != Replay::Choice::Never;
  return stop ? Replay{.rule = "contained", .contained = true} : replay;
}

Millis pause_before_the_same_again(std::uint32_t tries, bool others_may_come) {
  if (others_may_come) return Millis{1'000};
  const std::uint32_t doublings = std::min(tries == 0 ? 0 : tries - 1, 4U);
  return Millis{25} * (1U << doublings);
}

}  // namespace frontdoor
