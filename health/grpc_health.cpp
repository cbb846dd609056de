#include "health/grpc_health.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace frontdoor::grpc_health {

namespace {

constexpr std::size_t kPrefix = 5;  // of a message: a flag and its length

void append_varint(std::string& to, std::size_t value) {
  for (; value >= 128; value /= 128) to += static_cast<char>(value % 128 + 128);
  to += static_cast<char>(value);
}

std::optional<std::uint64_t> take_varint(std::string_view& from) {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64 && !from.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(from.front());
    from.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 127) << shift;
    if (byte < 128) return value;
  }
  return std::nullopt;
}

// HealthCheckResponse has one field, `status = 1`, which is left out when it is 0. Others are skipped.
std::optional<std::uint64_t> serving_status(std::string_view message) {
  std::uint64_t status = 0;
  while (!message.empty()) {
    const auto key = take_varint(message);
    if (!key) return std::nullopt;
    const auto number = take_varint(message);  // a value, or a length
    if (!number) return std::nullopt;
    switch (*key & 7) {
      case 0:
        if (*key >> 3 == 1) status = *number;
        break;
      case 2:
        if (*number > message.size()) return std::nullopt;
        message.remove_prefix(*number);
        break;
      default: return std::nullopt;
    }
  }
  return status;
}

}  // namespace

std::string question(std::string_view service) {
  std::string message;
  if (!service.empty()) {
    message += '\x0a';  // field 1, of a length
    append_varint(message, service.size());
    message += service;
  }
  std::string body(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) body += static_cast<char>(message.size() >> shift);
  return body + message;
}

std::string verdict(std::string_view status, std::string_view message, std::string_view body) {
  if (status.empty()) return "no grpc-status";
  if (status == "12") return "the server has no grpc.health.v1.Health";
  if (status == "5") return "the server does not know the service";
  if (status != "0") {
    std::string words = "grpc-status " + std::string(status.substr(0, 3));
    if (!message.empty()) words.append(": ").append(message.substr(0, 100));
    return words;
  }
  if (body.size() < kPrefix) return "no answer in the call";
  if (body[0] != '\0') return "a compressed answer";
  std::size_t size = 0;
  for (std::size_t i = 1; i < kPrefix; ++i) size = size << 8 | static_cast<unsigned char>(body[i]);
  const auto serving = size == body.size() - kPrefix ? serving_status(body.substr(kPrefix)) : std::nullopt;
  if (!serving) return "the answer is no HealthCheckResponse";
  switch (*serving) {
    case 0: return "status UNKNOWN";
    case 1: return "";
    case 2: return "status NOT_SERVING";
    case 3: return "status SERVICE_UNKNOWN";
    default: return "an unknown status";
  }
}

}  // namespace frontdoor::grpc_health
