#include "base/cidr.h"

#include <algorithm>
#include <charconv>

namespace frontdoor {
namespace {

constexpr unsigned v4_offset = 96;  // where IPv4 begins among the 128 bits

std::optional<unsigned> parse_bits(std::string_view text, unsigned most) {
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits);
  const bool good = error == std::errc() && end == text.data() + text.size() && bits <= most;
  return good ? std::optional(bits) : std::nullopt;
}

}  // namespace

std::optional<Cidr> Cidr::parse(std::string_view text, std::string& problem) {
  Cidr range;
  if (text == "unix") return range;
  const auto slash = text.find('/');
  const auto network = IpAddress::parse(text.substr(0, slash));
  if (!network) {
    problem = "write an address or a range, as in \"10.0.0.1\", \"10.0.0.0/8\", \"fd00::/8\" or \"unix\"";
    return std::nullopt;
  }
  // By how it is written: "::ffff:10.0.0.0/104" counts its bits as IPv6 does.
  const bool written_as_v4 = text.find(':') == std::string_view::npos;
  if (slash != std::string_view::npos) {
    const unsigned most = written_as_v4 ? 32 : 128;
    const auto bits = parse_bits(text.substr(slash + 1), most);
    if (!bits) {
      problem = "behind the \"/\" stands how many bits name the network, 0 to " + std::to_string(most);
      return std::nullopt;
    }
    range.bits_ = static_cast<std::uint8_t>(*bits + (written_as_v4 ? v4_offset : 0));
  }
  range.network_ = network->masked(range.bits_);
  if (!range.network_.known() && range.bits_ == 128) {
    problem = "no client has this address";
    return std::nullopt;
  }
  if (range.network_ != *network) {
    problem = "it has bits outside of its network, did you mean \"" + range.to_string() + "\"?";
    return std::nullopt;
  }
  return range;
}

bool Cidr::contains(const IpAddress& address) const {
  if (!address.known()) return *this == Cidr{};
  return address.is_v4() == network_.is_v4() && address.masked(bits_) == network_;
}

std::string Cidr::to_string() const {
  std::string text(network_.text().view());
  if (!network_.known() && bits_ < 128) text = "::";
  if (bits_ == 128) return text;
  return text + '/' + std::to_string(network_.is_v4() ? bits_ - v4_offset : bits_);
}

bool contains(const Cidrs& ranges, const IpAddress& address) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const Cidr& range) { return range.contains(address); });
}

}  // namespace frontdoor
