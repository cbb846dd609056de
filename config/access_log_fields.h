// The fields that a JSON line of the access log may have, in the order in which it has them when the config chooses none
// (docs/reference/access-log.md). Constants.

#pragma once

#include <array>
#include <string_view>

namespace frontdoor::config {

inline constexpr auto access_log_fields = std::to_array<std::string_view>({
    "time",         "client",    "method",        "host",     "target",         "protocol",      "tls",        "tls_cipher",
    "tls_server_name", "tls_resumed", "tls_client", "status", "outcome",        "detail",        "pool",       "upstream",
    "upstream_protocol", "tries",        "retry",     "attempts",      "held_ms",  "received_bytes", "sent_bytes",    "connect_ms", "first_byte_ms",
    "total_ms",     "referer",   "user_agent",    "request_id", "trace_id",     "sample",
});

}  // namespace frontdoor::config
