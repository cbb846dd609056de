// All that frontdoor counts and knows of itself at one moment, as plain values: what /metrics, the read API, the
// dashboard and `status` are made of. Counters are cumulative since the process began (of a pool or an upstream: since it
// was named first) and never go down while what they are of is there; what leaves the configuration leaves the lists.
// To have rates, read twice and subtract: Latency::since(), and plain differences.
//
// Read with AdminTarget::totals() (admin/target.h), on the control thread. That costs the workers nothing but the reads
// of their memory, and takes some tens of microseconds with ten upstreams, a millisecond with two hundred in fifty pools:
// fine each second, not for each request of somebody. It reads no file and asks no process.

#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "observe/code_class.h"
#include "observe/latency.h"
#include "observe/word_counts.h"

namespace frontdoor {

// What clients speak.
inline constexpr std::size_t kClientProtocols = 3;
inline constexpr std::array<std::string_view, kClientProtocols> kClientProtocolNames = {"http/1.0", "http/1.1", "h2"};

// The requests that have ended, by where they came in and what they speak. Nothing for a protocol that none has spoken.
struct RequestTotals {
  std::string listener = {};
  std::string_view protocol = {};  // of kClientProtocolNames
  CodeTotals by_code{};       // of the status that the client got

  std::uint64_t all() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : by_code) sum += count;
    return sum;
  }
};

struct ListenerTotals {
  std::string name = {};     // its name in the config, or its address where it has none: what `listener` labels say
  std::string address = {};  // as bound
  bool tls = false;
  bool redirects = false;              // to https
  std::uint64_t connections = 0;       // now
  std::uint64_t most_connections = 0;  // at a time
};

// Why an upstream has changed its state: bounded, unlike the reason that the log tells.
struct TransitionTotal {
  std::string_view to = {};      // "up", "down", "draining", "unknown"
  std::string_view reason = {};  // "passed", "dead", "hung", "unwell", "leaving", "named_again"
  std::uint64_t count = 0;
};

// Of HTTP/2 connections to it: observe/http2_counts.h.
struct UpstreamHttp2Totals {
  std::uint64_t streams = 0;
  WordTotals goaways = {};
  WordTotals resets = {};
};

struct UpstreamTotals {
  std::string name = {};  // "app.1", "10.0.0.2:8080"
  std::string address = {};
  std::string_view state = {};  // "unknown", "up", "down", "draining", "maintenance"
  std::string reason = {};      // why, in words; "" = it never had another state
  std::int64_t since_unix_millis = 0;  // of its state; 0 = it never had another
  std::uint32_t weight = 1;
  std::uint64_t requests = 0;   // that were ever begun on it
  std::uint64_t in_flight = 0;
  std::uint64_t retried = 0;    // that failed on it and were sent again, to another or to it
  CodeTotals by_code{};         // of its answers; "none": it gave none
  Latency response = {};             // from the request's head sent to the answer's head
  std::uint64_t active_connections = 0;
  std::uint64_t idle_connections = 0;
  std::optional<UpstreamHttp2Totals> http2 = {};  // nothing: it was never spoken to in HTTP/2
  std::vector<TransitionTotal> transitions = {};
  // Its probes; without a health check there are only those that bring it back.
  bool checked = false;
  WordTotals checks = {};             // "passed", "failed", "timed_out", "refused", "discarded" (our own fault)
  std::uint64_t history = 0;     // the last ones, the newest in the lowest bit, 1 = passed
  unsigned history_size = 0;     // how many bits count, at most 64
  std::int64_t last_check_micros = 0;
  std::string last_check_error = {};  // the last failure in words
};

struct PoolTotals {
  std::string name = {};
  std::string_view protocol = "http/1.1";  // what is spoken to its upstreams, as the config says it
  std::vector<RequestTotals> requests = {};  // that have ended
  Latency duration = {};                     // of those, without streams and tunnels
  Latency connect = {};                      // of fresh connections to upstreams
  Latency response = {};                     // of all its upstreams, those that have left included
  std::uint64_t in_flight = 0;          // on its upstreams
  std::uint64_t held_now = 0;
  Latency hold_wait = {};
  WordTotals holds = {};           // by what ended each wait: "released", "hold_timeout", "client_closed", …
  WordTotals retries = {};         // by the rule that allowed another try
  WordTotals retries_denied = {};  // and that which forbade it
  WordTotals own_answers = {};     // by outcome: what was not answered by an upstream
  WordTotals unfinished = {};      // by outcome: no complete answer
  bool sleeps = false;        // by idle_stop: the next request wakes it
  std::vector<UpstreamTotals> upstreams = {};

  std::uint64_t all_requests() const {
    std::uint64_t sum = 0;
    for (const RequestTotals& each : requests) sum += each.all();
    return sum;
  }
  CodeTotals by_code() const {
    CodeTotals sum{};
    for (const RequestTotals& each : requests)
      for (std::size_t i = 0; i < kCodeClasses; ++i) sum[i] += each.by_code[i];
    return sum;
  }
  std::size_t up() const {
    std::size_t count = 0;
    for (const UpstreamTotals& upstream : upstreams) count += upstream.state == "up" ? 1 : 0;
    return count;
  }
};

struct RouteTotals {
  std::string host = {};  // "" any; "*.example.com"
  std::string path = {};  // "" any; "/api/*"
  std::string pool = {};
  std::uint64_t requests = 0;  // that it has taken
};

struct CertificateTotals {
  std::string listener = {};
  std::string file = {};
  std::vector<std::string> names = {};
  std::int64_t not_before = 0;  // seconds since 1970
  std::int64_t not_after = 0;
};

// One that is shown to a pool's upstreams.
struct UpstreamCertificateTotals {
  std::string pool = {};
  std::string file = {};
  std::int64_t not_after = 0;
};

struct InstanceTotals {
  std::string pool = {};
  std::string name = {};  // "app.1"
  std::string state = {};
  pid_t pid = -1;  // -1: there is no process
  bool up = false;
  std::uint64_t restarts = 0;
  bool crash_loop = false;
};

struct ReloadTotals {
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;
  std::int64_t last_success_unix_millis = 0;  // the start is one
  bool last_failed = false;

  void note_success(std::int64_t now_unix_millis) {
    ++succeeded;
    last_success_unix_millis = now_unix_millis;
    last_failed = false;
  }
  void note_failure() {
    ++failed;
    last_failed = true;
  }
};

// What became of telling [admin] webhook what happens.
struct WebhookTotals {
  std::uint64_t delivered = 0;    // POSTs that it took
  std::uint64_t failed = 0;       // that are tried again
  std::uint64_t refused = 0;      // that it will never take
  std::uint64_t lost_events = 0;  // that it will never hear of
};

struct Totals {
  std::int64_t unix_millis = 0;          // when this was read
  std::int64_t started_unix_millis = 0;
  std::uint64_t generation = 0;          // of the config
  bool draining = false;
  bool serving = false;                  // the workers run
  std::uint64_t in_flight = 0;           // requests, of all kinds: held and waiting ones, streams, tunnels
  std::vector<ListenerTotals> listeners = {};
  std::vector<RouteTotals> routes = {};
  std::vector<PoolTotals> pools = {};
  // Requests that came to no pool: no route, no valid head, redirected, …
  std::vector<RequestTotals> unrouted = {};
  WordTotals own_answers = {};  // to those
  WordTotals unfinished = {};
  WordTotals turned_away = {};  // connections closed unserved, by reason
  WordTotals handshakes = {};   // "full", "resumed", "failed", "plain_http", "left"
  std::vector<Latency> loop_lag = {};  // of each worker: the longest turn of its loop in each quarter of a second
  std::uint64_t access_log_dropped = 0;
  std::uint64_t access_log_failed_rotations = 0;
  ReloadTotals reloads = {};
  std::optional<WebhookTotals> webhook = {};  // nothing: none is configured
  std::vector<CertificateTotals> certificates = {};
  std::vector<UpstreamCertificateTotals> upstream_certificates = {};
  std::vector<InstanceTotals> instances = {};
};

// Whether a new client would be served, and why not ("" = it would): false while draining, before the workers run, and
// when no pool that requests are routed to has an upstream that could serve. Pure.
struct Readiness {
  bool ready = false;
  std::string reason = {};
};
Readiness readiness(const Totals& totals);

}  // namespace frontdoor
