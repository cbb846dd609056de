// Ranges of addresses as operators write them, "10.0.0.0/8": whom to trust. Values; any thread.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.h"

namespace frontdoor {

// A range of one family: "::/0" does not contain IPv4 addresses. "unix" stands for all clients of a unix
// socket, which have no address.
class Cidr {
 public:
  // An address alone is a range of one. Nothing, and why in `problem`, when the text is no range.
  static std::optional<Cidr> parse(std::string_view text, std::string& problem);

  bool contains(const IpAddress& address) const;
  std::string to_string() const;
  bool operator==(const Cidr&) const = default;

 private:
  IpAddress network_{};
  std::uint8_t bits_ = 128;  // of 128, also for IPv4
};

using Cidrs = std::vector<Cidr>;
bool contains(const Cidrs& ranges, const IpAddress& address);

}  // namespace frontdoor
