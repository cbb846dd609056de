#include "base/ip_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace frontdoor {
namespace {

constexpr IpAddress::Bytes v4_prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0};
constexpr std::size_t v4_at = 12;

}  // namespace

IpAddress IpAddress::v4(const std::uint8_t* four_bytes) {
  IpAddress address;
  address.bytes_ = v4_prefix;
  std::copy_n(four_bytes, 4, address.bytes_.begin() + v4_at);
  return address;
}

IpAddress IpAddress::v6(const std::uint8_t* sixteen_bytes) {
  IpAddress address;
  std::copy_n(sixteen_bytes, address.bytes_.size(), address.bytes_.begin());
  return address;
}

IpAddress IpAddress::of(const Endpoint& endpoint) {
  if (endpoint.family() == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, endpoint.data(), sizeof v4);
    return IpAddress::v4(reinterpret_cast<const std::uint8_t*>(&v4.sin_addr));
  }
  if (endpoint.family() == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, endpoint.data(), sizeof v6);
    return IpAddress::v6(reinterpret_cast<const std::uint8_t*>(&v6.sin6_addr));
  }
  return {};
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.size() >= terminated.size()) return std::nullopt;
  text.copy(terminated.data(), text.size());
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  Bytes bytes;
  if (::inet_pton(AF_INET, terminated.data(), bytes.data()) == 1) return v4(bytes.data());
  if (::inet_pton(AF_INET6, terminated.data(), bytes.data()) == 1) return v6(bytes.data());
  return std::nullopt;
}

bool IpAddress::is_v4() const {
  return std::equal(bytes_.begin(), bytes_.begin() + v4_at, v4_prefix.begin());
}

// By hand for IPv4: inet_ntop is a printf, and this runs for every connection that wakes up.
IpText IpAddress::text() const {
  IpText text;
  if (!known()) {
    text.size = static_cast<std::uint8_t>(std::string_view("unix").copy(text.chars.data(), 4));
    return text;
  }
  if (!is_v4()) {
    ::inet_ntop(AF_INET6, bytes_.data(), text.chars.data(), static_cast<socklen_t>(text.chars.size()));
    text.size = static_cast<std::uint8_t>(std::strlen(text.chars.data()));
    return text;
  }
  char* at = text.chars.data();
  for (std::size_t i = v4_at; i < bytes_.size(); ++i) {
    if (i != v4_at) *at++ = '.';
    at = std::to_chars(at, text.chars.data() + text.chars.size(), static_cast<unsigned>(bytes_[i])).ptr;
  }
  text.size = static_cast<std::uint8_t>(at - text.chars.data());
  return text;
}

IpAddress IpAddress::masked(unsigned bits) const {
  IpAddress result;
  for (unsigned i = 0; i < result.bytes_.size(); ++i) {
    const unsigned kept = std::clamp(static_cast<int>(bits) - static_cast<int>(8 * i), 0, 8);
    result.bytes_[i] = static_cast<std::uint8_t>(bytes_[i] & (0xff00u >> kept));
  }
  return result;
}

}  // namespace frontdoor
