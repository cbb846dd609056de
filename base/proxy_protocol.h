// The PROXY protocol (haproxy.org/download/2.9/doc/proxy-protocol.txt), versions 1 and 2: a header before the
// first byte of a connection, by which a proxy says for whom it connects. Pure, without allocation; any
// thread.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/ip_address.h"

namespace frontdoor {

struct ProxyHeader {
  enum class Status : std::uint8_t { Incomplete, Complete, Malformed };
  Status status = Status::Incomplete;
  std::size_t size = 0;  // Complete: what is behind it is the client's
  IpEndpoint source{};   // address not known: the proxy speaks for itself, or does not know its client
  bool local =
      false;  // the proxy speaks for itself (LOCAL); without an address it does not know (UNKNOWN, unix)
  const char* problem = "";  // Malformed
};

// Judges what has arrived so far. TLVs are not used, but must be in order, and a checksum among them must
// fit.
ProxyHeader parse_proxy_header(std::string_view bytes);
inline constexpr std::size_t most_proxy_header_bytes =
    16 * 1024;  // longer ones are refused; TLVs may hold certificates

enum class ProxyVersion : std::uint8_t { None, V1, V2 };

using ProxyHeaderBytes = std::array<char, 107>;  // the longest of version 1; ours of version 2 have 52

struct ProxiedConnection {
  IpEndpoint source;       // the client
  IpEndpoint destination;  // where it connected to
};

// What to send before the first byte of a connection. Views into `room`; empty for None.
std::string_view write_proxy_header(ProxyVersion version, const ProxiedConnection& connection,
                                    ProxyHeaderBytes& room);
// The same for a connection of our own, such as a health check.
std::string_view write_local_proxy_header(ProxyVersion version, ProxyHeaderBytes& room);

}  // namespace frontdoor
