#include "proxy/exchange/proxy_status.h"

#include <algorithm>
#include <array>

#include "proxy/exchange/outcome.h"

namespace frontdoor {

namespace {

struct Row {
  std::string_view outcome;
  std::string_view type;  // RFC 9209 §2.3
};

// http_request_error is a 4xx on the upstream's behalf; what has another status and went nowhere is proxy_internal_response.
constexpr auto kRows = std::to_array<Row>({
    {outcome::kAnswered, "proxy_internal_response"},
    {outcome::kRedirected, "proxy_internal_response"},
    {"not_implemented", "proxy_internal_response"},
    {"connect_not_allowed", "proxy_internal_response"},
    {"version_not_supported", "proxy_internal_response"},

    {"bad_request", "http_request_error"},
    {"uri_too_long", "http_request_error"},
    {"headers_too_large", "http_request_error"},
    {outcome::kHeaderTimeout, "http_request_error"},
    {outcome::kClientBodyTimeout, "http_request_error"},
    {outcome::kPlainHttp, "http_request_error"},
    {outcome::kMisdirected, "http_request_error"},
    {outcome::kBadTarget, "http_request_error"},
    {outcome::kBadBody, "http_request_error"},
    {outcome::kBodyTooLarge, "http_request_error"},
    {outcome::kTraceNotAllowed, "http_request_error"},

    {outcome::kNoRoute, "destination_not_found"},
    {outcome::kMaintenance, "destination_unavailable"},
    {outcome::kNoUpstream, "destination_unavailable"},
    {outcome::kHoldTimeout, "destination_unavailable"},
    {outcome::kHoldFull, "destination_unavailable"},
    {outcome::kUpstreamOverloaded, "destination_unavailable"},
    {outcome::kPoolSaturated, "connection_limit_reached"},
    {outcome::kConnectRefused, "connection_refused"},
    {outcome::kConnectFailed, "destination_ip_unroutable"},
    {outcome::kConnectTimeout, "connection_timeout"},
    {outcome::kTlsUntrusted, "tls_certificate_error"},
    {outcome::kTlsFailed, "tls_protocol_error"},

    {outcome::kUpstreamReset, "connection_terminated"},
    {outcome::kQueryOfDeath, "connection_terminated"},
    {outcome::kResponseHeaderTimeout, "http_response_timeout"},
    {outcome::kUpstreamHung, "http_response_timeout"},
    {outcome::kRequestTimeout, "http_response_timeout"},
    {outcome::kInvalidResponse, "http_protocol_error"},
    {"bad_upstream_response", "http_protocol_error"},

    {outcome::kWebSocketUnsupported, "http_upgrade_failed"},

    {outcome::kLoopDetected, "proxy_loop_detected"},
    {outcome::kLocalResources, "proxy_internal_error"},
    {outcome::kDrained, "proxy_internal_error"},
});

}  // namespace

std::string_view proxy_error_type(std::string_view outcome) {
  const auto row = std::find_if(kRows.begin(), kRows.end(), [outcome](const Row& each) { return each.outcome == outcome; });
  return row == kRows.end() ? std::string_view() : row->type;
}

}  // namespace frontdoor
