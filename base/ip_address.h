// What identifies a client on the network: an IP address without a port, sixteen bytes whatever its family. An IPv4
// address that arrives through an IPv6 socket (::ffff:192.0.2.1) is the IPv4 address. Values; any thread.

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/address.h"

namespace frontdoor {

// An address as text, without the heap.
struct IpText {
  std::array<char, INET6_ADDRSTRLEN> chars{};
  std::uint8_t size = 0;
  std::string_view view() const { return {chars.data(), size}; }
};

class IpAddress {
 public:
  using Bytes = std::array<std::uint8_t, 16>;

  IpAddress() = default;  // of nobody: a unix socket has none
  static IpAddress of(const Endpoint& endpoint);
  static IpAddress v4(const std::uint8_t* four_bytes);
  static IpAddress v6(const std::uint8_t* sixteen_bytes);
  // "192.0.2.1", "2001:db8::1"; without brackets, port and zone.
  static std::optional<IpAddress> parse(std::string_view text);

  bool known() const { return bytes_ != Bytes{}; }
  bool is_v4() const;
  const Bytes& bytes() const { return bytes_; }  // IPv4 in the last four
  IpText text() const;                           // "unix" when not known
  IpAddress masked(unsigned bits) const;         // of 128, the rest zero
  bool operator==(const IpAddress&) const = default;

 private:
  Bytes bytes_{};
};

struct IpEndpoint {
  IpAddress address{};
  std::uint16_t port = 0;
  static IpEndpoint of(const Endpoint& endpoint) { return {IpAddress::of(endpoint), endpoint.port()}; }
  bool operator==(const IpEndpoint&) const = default;
};

}  // namespace frontdoor
