#include "proxy/exchange/grpc.h"

#include <charconv>
#include <chrono>

#include "proxy/exchange/outcome.h"

namespace frontdoor::grpc {

namespace {

constexpr std::size_t kMostDigits = 8;

enum Status : std::uint8_t {
  kUnknown = 2,
  kDeadlineExceeded = 4,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kUnauthenticated = 16,
};

std::optional<Duration> unit_of(char unit) {
  using namespace std::chrono;
  switch (unit) {
    case 'H': return hours{1};
    case 'M': return minutes{1};
    case 'S': return seconds{1};
    case 'm': return milliseconds{1};
    case 'u': return microseconds{1};
    case 'n': return nanoseconds{1};
    default: return std::nullopt;
  }
}

}  // namespace

bool is_call(const http::Fields& fields) {
  const auto type = http::find(fields, http::FieldId::ContentType);  // +proto, +json, -web
  return http::equal_ignoring_case(type.substr(0, kContentType.size()), kContentType);
}

std::optional<Duration> timeout_of(const http::Fields& fields) {
  for (const auto& field : fields) {
    if (!http::equal_ignoring_case(field.name, "grpc-timeout")) continue;
    const std::string_view value = field.value;
    if (value.size() < 2 || value.size() > kMostDigits + 1) return std::nullopt;
    const auto unit = unit_of(value.back());
    std::uint32_t count = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size() - 1, count);
    if (!unit || error != std::errc() || end != value.data() + value.size() - 1) return std::nullopt;
    // A hundred million hours are for ever, and more than a clock can tell.
    constexpr Duration kForEver = std::chrono::hours{24 * 365};
    if (*unit * 1.0 * count > kForEver) return std::nullopt;
    return *unit * count;
  }
  return std::nullopt;
}

// Clients send UNAVAILABLE again by themselves: so it is what was not served, and nothing that an upstream has worked on.
std::uint8_t status_for(std::uint16_t status, std::string_view outcome) {
  if (outcome == outcome::kResponseHeaderTimeout || outcome == outcome::kRequestTimeout || outcome == outcome::kUpstreamHung ||
      outcome == outcome::kClientBodyTimeout)
    return kDeadlineExceeded;
  if (outcome == outcome::kHoldFull || outcome == outcome::kPoolSaturated || outcome == outcome::kUpstreamOverloaded)
    return kResourceExhausted;
  if (outcome == outcome::kInvalidResponse || outcome == outcome::kQueryOfDeath) return kInternal;
  switch (status) {
    case 400: return kInternal;
    case 401: return kUnauthenticated;
    case 403: return kPermissionDenied;
    case 404:
    case 405: return kUnimplemented;
    case 413:
    case 431: return kResourceExhausted;
    case 502:
    case 503:
    case 504: return kUnavailable;
    default: return kUnknown;
  }
}

std::string message_for(std::string_view outcome, std::string_view request_id) {
  std::string message(outcome);
  if (request_id.empty()) return message;
  message += " (request ";
  for (const char c : request_id) {
    if (c >= ' ' && c <= '~' && c != '%') {
      message += c;
      continue;
    }
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    message += '%';
    message += kDigits[byte >> 4];
    message += kDigits[byte & 15];
  }
  return message += ')';
}

void Refusal::add_to(http::Fields& fields) const {
  fields.push_back({"grpc-status", grpc_status});
  fields.push_back({"grpc-message", message});
}

}  // namespace frontdoor::grpc
