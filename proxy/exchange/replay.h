// The only place where it is decided whether a failed request may be tried again. Pure: no socket, no clock.
//
// "Sent" = the kernel accepted at least one byte of the request, or will, since nothing takes back what waits to leave on a
// connection that others share and that lives. "Committed" = a byte of a final response was passed to the client. Safe and
// idempotent as in RFC 9110 §9.2; automatic retries as in §9.2.2 and RFC 9112 §9.3.1.

#pragma once

#include <cstdint>

#include "base/time.h"
#include "config/config.h"
#include "http/head.h"
#include "proxy/exchange/stream.h"

namespace frontdoor {

// What is known when an attempt has failed.
struct FailedAttempt {
  UpstreamFailure failure = UpstreamFailure::None;
  http::Method method = http::Method::Other;
  bool sent = false;
  bool reused_connection = false;
  bool received_anything = false;  // any byte of a response, an informational one included
  bool committed = false;
  bool body_replayable = true;   // nothing of the body has been used up that we do not still hold
  bool upstream_dead = false;    // with Evicted: nobody listens there any more; otherwise it only hangs
  bool budget_left = true;       // the pool may make one more retry
  std::uint32_t tries = 1;       // so far, this one included if it is one: see is_try()
  // Of the upstreams that this request has not been on yet:
  bool another_up = true;    // one is up
  bool another_free = true;  // one could take it now
  bool contained = false;    // requests like this one kill: one try only
  bool death_paid_for = false;  // its connection carried others, one of which has paid for its end from the budget
};

struct Replay {
  enum class Choice : std::uint8_t {
    Never,
    AnotherUpstream,   // counts as a try; the same one where there is no other
    FreshConnection,   // the connection was stale, the upstream may be well: the same one is allowed
  };
  Choice choice = Choice::Never;
  const char* rule = "";       // the rule that decided, for the log; a string literal
  bool spends_budget = false;  // something may have been processed, so that this try is extra load
  bool contained = false;      // with Never: it would be allowed, if requests like it did not kill
  bool unless_dead = false;    // with Never: only for the load on an upstream that may live; of a dead one it is Evicted
};

// Whether an attempt that failed counts as one of the 1 + `retry.attempts` tries of a request. Whatever was sent does,
// for whatever reason it failed: no upstream may be hit more often than that. What was refused does not, since a refusal
// takes its upstream out, so that the row of them ends by itself; nor does what an upstream had not begun with on a
// connection that had served before, since that goes on a fresh one; nor a WebSocket that an upstream does not allow, since only
// those are left that it has not been on.
bool is_try(UpstreamFailure failure, bool sent, bool reused_connection);

Replay decide_replay(const FailedAttempt& attempt, const config::Retry& retry);

// How long a request waits before it is sent again to the upstream that has reset it, since no other can take it: 25 ms after
// the first try, twice as long after each further one, 400 ms at most. Where the pool has others, which are down or full now,
// a second each time, or until one of them can take it.
Millis pause_before_the_same_again(std::uint32_t tries, bool others_may_come);

}  // namespace frontdoor
