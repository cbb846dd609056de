#include "cli/request_story.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "cli/status_table.h"

namespace frontdoor {

namespace {

struct OutcomeMeaning {
  std::string_view outcome;
  std::string_view meaning;
  std::string_view look;  // "" = the client, or nowhere
};

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
    {"no_route", "no [[route]] matches its host and path", "frontdoor config show"},
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
    {"upstream_reset", "the upstream closed before it had answered, and it could not be sent again", "the app's log at that moment: frontdoor logs"},
    {"query_of_death", "upstreams died under it or its like, so it was not given another one", "the app's log: it kills the app"},
    {"response_header_timeout", "the upstream sent no answer within response_header", "a slow or hung app"},
    {"upstream_hung", "the upstream was found to hang, and it could not be sent again", "why the app hangs: frontdoor why"},
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

const OutcomeMeaning* find_outcome(std::string_view outcome) {
  const auto found = std::find_if(outcome_meanings.begin(), outcome_meanings.end(),
                                  [&](const OutcomeMeaning& each) { return each.outcome == outcome; });
  return found == outcome_meanings.end() ? nullptr : &*found;
}

std::string millis_text(std::uint64_t micros) {
  char text[40];
  std::snprintf(text, sizeof text, micros < 10'000 ? "%.1f ms" : "%.0f ms", static_cast<double>(micros) / 1'000);
  return text;
}

// What was spoken on each side: some trouble is one protocol's alone.
std::string protocols_of(const SeenRequest& request) {
  if (request.protocol.empty()) return "";
  std::string text = "; " + request.protocol;
  if (!request.tls.empty()) text += " over " + request.tls;
  if (!request.upstream_protocol.empty()) text += ", to the upstream " + request.upstream_protocol;
  return text;
}

// What happened one after another; the moments are counted from the request's first byte.
std::vector<std::string> stages_of(const SeenRequest& request) {
  std::vector<std::string> stages;
  if (request.held_us != 0) stages.push_back(millis_text(request.held_us) + " held, until an upstream could take it");
  if (request.connect_us != 0) stages.push_back(millis_text(request.connect_us) + " connecting to the upstream");
  if (request.first_byte_us != 0) {
    stages.push_back(millis_text(request.first_byte_us) + " until the first byte of the answer, from the request's first");
    if (request.total_us > request.first_byte_us)
      stages.push_back(millis_text(request.total_us - request.first_byte_us) + " for the rest of it");
  }
  stages.push_back(millis_text(request.total_us) + " in all");
  return stages;
}

}  // namespace

std::string_view meaning_of(std::string_view outcome) {
  const OutcomeMeaning* const found = find_outcome(outcome);
  return found == nullptr ? std::string_view() : found->meaning;
}

RequestStory tell_story(const SeenRequest& request, std::int64_t now_unix_millis) {
  RequestStory story;
  const std::string when = cli::short_duration(now_unix_millis - request.ended_unix_millis) + " ago";
  const std::string status = request.status == 0 ? "no status" : std::to_string(request.status);
  story.summary = request.method + ' ' + request.host + request.path + (request.failed ? " failed " : " took its time ") + when +
                  ": " + status + ' ' + request.outcome;
  if (!request.upstream.empty()) story.summary += ", of " + request.pool + '/' + request.upstream;
  else if (!request.pool.empty()) story.summary += ", of the pool " + request.pool;
  if (request.tries > 1) story.summary += ", after " + std::to_string(request.tries) + " tries";
  story.summary += protocols_of(request);
  const OutcomeMeaning* const known = find_outcome(request.outcome);
  story.meaning = known == nullptr ? "docs/outcomes.md says what " + request.outcome + " means" : std::string(known->meaning);
  if (!request.detail.empty()) story.meaning += " (" + request.detail + ')';
  story.stages = stages_of(request);
  if (known != nullptr && !known->look.empty()) story.advice.emplace_back(known->look);
  return story;
}

std::string why_not_kept(const std::string& id, const std::string& access_log) {
  std::string text = "the request " + id + " is not kept: of all of them only the last " + std::to_string(RequestLog::kFailed) +
                     " that failed are, and the slowest " + std::to_string(RequestLog::kSlowOfAWindow) +
                     " of each ten seconds of the last five minutes";
  if (access_log == "off") return text + "; the access log, which would have its line, is off";
  if (access_log == "stdout" || access_log == "stderr")
    return text + "; the access log has its line: look for the id in what frontdoor writes to " +
           (access_log == "stdout" ? "standard output" : "standard error");
  return text + "; the access log has its line: grep " + id + ' ' + access_log;
}

bool looks_like_request_id(std::string_view word) {
  constexpr std::size_t least = 16;
  return word.size() >= least && std::any_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace frontdoor
