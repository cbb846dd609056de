#include "dashboard/outcome_meaning.h"

#include <algorithm>
#include <array>

namespace frontdoor {

namespace {

// In short what docs/outcomes.md says; a test holds the two lists against each other.
constexpr auto outcome_meanings = std::to_array<OutcomeMeaning>({
    {"served", "the whole answer of the upstream reached the client", ""},
    {"answered", "frontdoor answered it itself, as it was asked to", ""},
    {"client_closed", "the client went away before its answer was complete", "the client's own timeout"},
    {"client_header_timeout", "the client began a request and did not finish its head in client_header", "a slow or hostile client"},
    {"client_body_timeout", "the client stopped sending its body, or sent too slowly", "client_body and min_bytes_per_second"},
    {"client_write_timeout", "the client took nothing of its answer any more, or too slowly", "client_write and min_bytes_per_second"},
    {"bad_request", "its head is no valid HTTP, or could be understood in two ways", "the client"},
    {"plain_http_to_tls", "plain HTTP came to a listener with TLS", "the client's URL: https://"},
    {"misdirected_request", "it is for a host that its connection was not made for", "docs/tls.md"},
    {"redirected", "its listener sends clients to https", ""},
    {"bad_target", "its path is broken, climbs above the root, or means different things to different servers", "docs/targets.md"},
    {"bad_body", "its body is broken, or not as long as it said", "the client"},
    {"uri_too_long", "its target is longer than limits.uri_bytes", "[limits]"},
    {"headers_too_large", "its head exceeds limits.header_bytes or header_count", "[limits]"},
    {"http2_error", "its HTTP/2 connection broke a rule", "docs/http2.md"},
    {"body_too_large", "its body exceeds body_bytes", "[limits], the pool, the route"},
    {"not_implemented", "its method or transfer coding is known to nobody here", "the client"},
    {"trace_not_allowed", "a TRACE is not sent back: it may carry secrets", ""},
    {"connect_not_allowed", "CONNECT is for forward proxies, and this is none", "the client"},
    {"version_not_supported", "it is neither HTTP/1.0 nor HTTP/1.1", "the client"},
    {"no_route", "no [[route]] matches its host and path", "the [[route]]s of the config"},
    {"maintenance", "the whole pool was in maintenance", "frontdoor status says who and since when"},
    {"loop_detected", "it had been through this front door already: an upstream leads back here", "the pool's upstreams"},
    {"no_upstream", "every upstream of the pool had been down for too long to wait for one", "frontdoor why"},
    {"hold_timeout", "it waited hold.timeout for an upstream that could take it", "frontdoor why"},
    {"hold_full", "as many requests waited already as may", "[pool.NAME.hold], and frontdoor why"},
    {"pool_saturated", "every upstream had max_in_flight requests", "max_in_flight, or more upstreams"},
    {"connect_refused", "nobody listened at the upstream's address", "is the app running? frontdoor why"},
    {"connect_failed", "there was no way to the upstream", "network and firewall"},
    {"tls_untrusted", "the https upstream could not prove who it is; nothing was sent to it", "its certificate, [pool.NAME.tls]"},
    {"tls_failed", "there was no TLS handshake with the https upstream", "does it speak TLS there?"},
    {"connect_timeout", "the upstream did not answer to connect", "network, firewall, an overloaded host"},
    {"upstream_overloaded", "the upstream had no room for another connection or stream", "the app accepts too slowly"},
    {"upstream_reset", "the upstream closed before it had answered", "the app's log at that moment: frontdoor logs"},
    {"query_of_death", "upstreams died under it or its like, so it was not given another one", "the app's log: it kills the app"},
    {"response_header_timeout", "the upstream sent no answer within response_header", "a slow or hung app"},
    {"upstream_hung", "the upstream was found to hang", "why the app hangs: frontdoor why"},
    {"request_timeout", "no answer had begun within timeouts.request, all tries and waits together", "which stage took so long, above"},
    {"invalid_response", "what the upstream sent is no HTTP that may be passed on", "the app"},
    {"bad_upstream_response", "what the upstream sent is no HTTP that may be passed on", "the app"},
    {"websocket_unsupported", "the upstream's HTTP/2 does not allow WebSockets, and it was not asked", "the app: SETTINGS_ENABLE_CONNECT_PROTOCOL"},
    {"response_truncated", "the answer broke off in the middle", "the app's log at that moment: frontdoor logs"},
    {"response_body_timeout", "the answer stopped in the middle for response_body", "a slow or hung app"},
    {"stream_idle", "nothing passed either way for stream_idle", "heartbeats below that time"},
    {"drained", "this process was going away", "a longer drain or drain_streams"},
    {"local_resources", "frontdoor itself had no descriptors, ports or memory left", "ulimit -n, docs/sizing.md"},
});

struct RuleMeaning {
  std::string_view end;  // of the rule's name
  std::string_view meaning;
};

// The first that fits.
constexpr auto rule_meanings = std::to_array<RuleMeaning>({
    {"not_idempotent", "it was not sent again, as it may have been carried out already"},
    {"not_safe", "it was not sent again, as it may have been carried out already"},
    {"contained", "it was not sent again, as requests like it kill their upstreams"},
    {"body_not_kept", "it was not sent again, as its body is larger than retry.body_bytes"},
    {"attempts_used_up", "retry.attempts further tries had failed as well"},
    {"budget_used_up", "it was not sent again, as retry.budget was used up: the whole pool is in trouble"},
    {"committed", "it was not sent again, as the client had seen a part of the answer"},
    {"answered", "it was not sent again, as the upstream had answered"},
    {"no_other", "there was no other upstream to send it to"},
});

}  // namespace

const OutcomeMeaning* find_outcome(std::string_view outcome) {
  const auto found = std::find_if(outcome_meanings.begin(), outcome_meanings.end(),
                                  [&](const OutcomeMeaning& each) { return each.outcome == outcome; });
  return found == outcome_meanings.end() ? nullptr : &*found;
}

std::string_view meaning_of(std::string_view outcome) {
  const OutcomeMeaning* const found = find_outcome(outcome);
  return found == nullptr ? std::string_view() : found->meaning;
}

std::string_view why_not_again(std::string_view rule) {
  for (const RuleMeaning& each : rule_meanings)
    if (rule.ends_with(each.end)) return each.meaning;
  return "";
}

}  // namespace frontdoor
