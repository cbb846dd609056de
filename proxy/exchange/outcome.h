// The stable word for how a request ended: in the access log, in metrics and in our own error responses. What each
// means and what to do about it: docs/outcomes.md. Words are added, never changed.

#pragma once

#include <string_view>

namespace frontdoor::outcome {

inline constexpr std::string_view kServed = "served";

// OPTIONS that is for us and not for an upstream.
inline constexpr std::string_view kAnswered = "answered";

// The client's doing.
inline constexpr std::string_view kClientClosed = "client_closed";
inline constexpr std::string_view kClientBodyTimeout = "client_body_timeout";
inline constexpr std::string_view kClientWriteTimeout = "client_write_timeout";
inline constexpr std::string_view kHeaderTimeout = "client_header_timeout";
inline constexpr std::string_view kPlainHttp = "plain_http_to_tls";
inline constexpr std::string_view kHandshakeFailed = "tls_handshake_failed";  // of a connection, not of a request
inline constexpr std::string_view kMisdirected = "misdirected_request";
inline constexpr std::string_view kBadBody = "bad_body";
inline constexpr std::string_view kBadTarget = "bad_target";
inline constexpr std::string_view kTraceNotAllowed = "trace_not_allowed";
inline constexpr std::string_view kHttp2Error = "http2_error";  // of a connection, so in no access log
inline constexpr std::string_view kBodyTooLarge = "body_too_large";

// The config's.
inline constexpr std::string_view kRedirected = "redirected";
inline constexpr std::string_view kNoRoute = "no_route";
inline constexpr std::string_view kLoopDetected = "loop_detected";

// The operator's.
inline constexpr std::string_view kMaintenance = "maintenance";

// An upstream's.
inline constexpr std::string_view kNoUpstream = "no_upstream";
inline constexpr std::string_view kPoolSaturated = "pool_saturated";
inline constexpr std::string_view kHoldTimeout = "hold_timeout";
inline constexpr std::string_view kHoldFull = "hold_full";
inline constexpr std::string_view kQueryOfDeath = "query_of_death";
inline constexpr std::string_view kUpstreamHung = "upstream_hung";
inline constexpr std::string_view kConnectRefused = "connect_refused";
inline constexpr std::string_view kConnectFailed = "connect_failed";
inline constexpr std::string_view kTlsUntrusted = "tls_untrusted";
inline constexpr std::string_view kTlsFailed = "tls_failed";
inline constexpr std::string_view kConnectTimeout = "connect_timeout";
inline constexpr std::string_view kUpstreamOverloaded = "upstream_overloaded";
inline constexpr std::string_view kUpstreamReset = "upstream_reset";
inline constexpr std::string_view kResponseHeaderTimeout = "response_header_timeout";
inline constexpr std::string_view kInvalidResponse = "invalid_response";
inline constexpr std::string_view kWebSocketUnsupported = "websocket_unsupported";
inline constexpr std::string_view kResponseTruncated = "response_truncated";
inline constexpr std::string_view kResponseBodyTimeout = "response_body_timeout";

// Of an attempt, when another one followed.
inline constexpr std::string_view kNotProcessed = "not_processed";
inline constexpr std::string_view kStaleConnection = "stale_connection";
inline constexpr std::string_view kRetryStatus = "retry_status";
inline constexpr std::string_view kUpstreamDead = "upstream_dead";
inline constexpr std::string_view kUpstreamUnwell = "upstream_unwell";
inline constexpr std::string_view kUpstreamWithdrawn = "upstream_withdrawn";

// Neither side's in particular.
inline constexpr std::string_view kStreamIdle = "stream_idle";

// All tries and waits of a request together.
inline constexpr std::string_view kRequestTimeout = "request_timeout";

// Our own.
inline constexpr std::string_view kLocalResources = "local_resources";
inline constexpr std::string_view kDrained = "drained";

}  // namespace frontdoor::outcome
