// The fields of a JSON line as numbers, so that choosing some costs no comparing of names. Pure.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "config/access_log_fields.h"

namespace frontdoor {

// In the order of config::access_log_fields.
enum class AccessField : std::uint8_t {
  Time, Client, Method, Host, Target, Protocol, Tls, TlsCipher,
  TlsServerName, TlsResumed, TlsClient, Status, Outcome, Detail, Pool, Upstream,
  UpstreamProtocol, Tries, Retry, Attempts, HeldMs, ReceivedBytes, SentBytes, ConnectMs, FirstByteMs,
  TotalMs, Referer, UserAgent, RequestId, TraceId, Sample,
};
inline constexpr std::size_t kAccessFields = config::access_log_fields.size();
static_assert(static_cast<std::size_t>(AccessField::Sample) + 1 == kAccessFields);

// Those that the config names; empty = all of them, in the order above.
std::vector<AccessField> access_fields(const std::vector<std::string>& names);

}  // namespace frontdoor
