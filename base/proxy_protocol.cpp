// Both versions are strict to the byte, since this header decides for which client everything behind it is done.

#include "base/proxy_protocol.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace frontdoor {
namespace {

using Status = ProxyHeader::Status;

constexpr std::string_view v2_signature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t v2_fixed = 16;
constexpr std::size_t v1_longest = 107;  // with its CRLF

enum : std::uint8_t { v2_local = 0x20, v2_proxy = 0x21 };
enum : std::uint8_t { family_unspecified = 0x00, family_tcp4 = 0x11, family_tcp6 = 0x21, family_unix = 0x31 };
constexpr std::uint8_t tlv_crc32c = 0x03;
constexpr std::size_t tlv_fixed = 3;

ProxyHeader malformed(const char* problem) { return {.status = Status::Malformed, .problem = problem}; }

std::uint8_t byte_at(std::string_view bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }

std::uint16_t number_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(byte_at(bytes, at) << 8 | byte_at(bytes, at + 1));
}

bool begins_like(std::string_view bytes, std::string_view wanted) {
  return bytes.substr(0, wanted.size()) == wanted.substr(0, bytes.size());
}

// ---- Version 1: one line of words, each separated by one space

std::string_view next_word(std::string_view& line) {
  const auto space = line.find(' ');
  const auto word = line.substr(0, space);
  line = space == line.npos ? std::string_view() : line.substr(space + 1);
  return word;
}

std::optional<std::uint16_t> parse_header_port(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(port);
}

std::optional<IpAddress> parse_of_family(std::string_view text, bool v6) {
  if ((text.find(':') != text.npos) != v6) return std::nullopt;
  return IpAddress::parse(text);
}

ProxyHeader judge_v1(std::string_view line, std::size_t size) {
  next_word(line);  // PROXY
  const auto protocol = next_word(line);
  ProxyHeader header{.status = Status::Complete, .size = size};
  if (protocol == "UNKNOWN") return header;  // whatever follows is to be ignored
  const bool v6 = protocol == "TCP6";
  if (!v6 && protocol != "TCP4") return malformed("neither TCP4 nor TCP6 nor UNKNOWN");
  if (std::count(line.begin(), line.end(), ' ') != 3) return malformed("not two addresses and two ports");
  const auto source = parse_of_family(next_word(line), v6);
  const auto destination = parse_of_family(next_word(line), v6);
  const auto source_port = parse_header_port(next_word(line));
  const auto destination_port = parse_header_port(next_word(line));
  if (!source || !destination) return malformed("not an address of its family");
  if (!source_port || !destination_port) return malformed("not a port");
  header.source = {*source, *source_port};
  return header;
}

ProxyHeader parse_v1(std::string_view bytes) {
  if (!begins_like(bytes, "PROXY ")) return malformed("not a PROXY header");
  const auto seen = bytes.substr(0, v1_longest);
  const auto end = seen.find('\r');
  if (end == seen.npos || end + 1 == seen.size()) {
    if (seen.find('\n') != seen.npos) return malformed("the line ends without CR");
    return bytes.size() >= v1_longest ? malformed("longer than 107 bytes") : ProxyHeader{};
  }
  if (seen[end + 1] != '\n') return malformed("a CR inside of the line");
  if (seen.substr(0, end).find('\n') != seen.npos) return malformed("the line ends without CR");
  return judge_v1(seen.substr(0, end), end + 2);
}

// ---- Version 2: sixteen bytes, addresses of a known size, and TLVs

// RFC 3720's CRC32c, bit by bit: it is rare, and short.
std::uint32_t crc32c(std::uint32_t crc, std::string_view bytes) {
  for (const char c : bytes) {
    crc ^= static_cast<std::uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0u);
  }
  return crc;
}

// The checksum is that of the header with zeros where the checksum stands.
bool checksum_fits(std::string_view header, std::size_t at) {
  std::uint32_t crc = crc32c(0xffffffffu, header.substr(0, at));
  crc = crc32c(crc, std::string_view("\0\0\0\0", 4));
  crc = ~crc32c(crc, header.substr(at + 4));
  return crc == (std::uint32_t{number_at(header, at)} << 16 | number_at(header, at + 2));
}

const char* tlv_problem(std::string_view header, std::size_t at) {
  while (at < header.size()) {
    if (header.size() - at < tlv_fixed) return "a TLV is cut off";
    const std::uint8_t type = byte_at(header, at);
    const std::size_t length = number_at(header, at + 1);
    at += tlv_fixed;
    if (header.size() - at < length) return "a TLV is longer than the header";
    if (type == tlv_crc32c && (length != 4 || !checksum_fits(header, at))) return "the checksum does not fit";
    at += length;
  }
  return nullptr;
}

std::optional<std::size_t> address_bytes(std::uint8_t family) {
  switch (family) {
    case family_unspecified:
      return 0;
    case family_tcp4:
      return 2 * (4 + 2);
    case family_tcp6:
      return 2 * (16 + 2);
    case family_unix:
      return 2 * 108;
    default:
      return std::nullopt;  // datagrams carry no HTTP/1, and other values are not defined
  }
}

ProxyHeader judge_v2(std::string_view header) {
  ProxyHeader result{.status = Status::Complete, .size = header.size()};
  const std::uint8_t family = byte_at(header, 13);
  result.local = byte_at(header, 12) == v2_local;
  if (result.local || family == family_unspecified) return result;  // the rest is to be ignored
  const std::size_t addresses_end = v2_fixed + *address_bytes(family);
  if (header.size() < addresses_end) return malformed("too short for its addresses");
  if (const char* problem = tlv_problem(header, addresses_end)) return malformed(problem);
  const auto* address = reinterpret_cast<const std::uint8_t*>(header.data() + v2_fixed);
  if (family == family_tcp4) result.source = {IpAddress::v4(address), number_at(header, v2_fixed + 8)};
  if (family == family_tcp6) result.source = {IpAddress::v6(address), number_at(header, v2_fixed + 32)};
  return result;
}

ProxyHeader parse_v2(std::string_view bytes) {
  if (!begins_like(bytes, v2_signature)) return malformed("not a PROXY header");
  if (bytes.size() < v2_fixed) return {};
  const std::uint8_t command = byte_at(bytes, 12);
  if (command != v2_local && command != v2_proxy) return malformed("neither version 2's PROXY nor its LOCAL");
  if (command == v2_proxy && !address_bytes(byte_at(bytes, 13))) return malformed("not a family of streams");
  const std::size_t size = v2_fixed + number_at(bytes, 14);
  if (size > most_proxy_header_bytes) return malformed("longer than 16 KiB");
  return bytes.size() < size ? ProxyHeader{} : judge_v2(bytes.substr(0, size));
}

// ---- Writing

class Writer {
 public:
  explicit Writer(ProxyHeaderBytes& room) : begin_(room.data()), at_(room.data()) {}

  void text(std::string_view text) { at_ = std::copy(text.begin(), text.end(), at_); }
  void byte(std::uint8_t value) { *at_++ = static_cast<char>(value); }
  void number(std::uint16_t value) { byte(static_cast<std::uint8_t>(value >> 8)), byte(value & 0xff); }
  void bytes(const std::uint8_t* first, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) byte(first[i]);
  }
  std::string_view written() const { return {begin_, static_cast<std::size_t>(at_ - begin_)}; }

 private:
  char* begin_;
  char* at_;
};

bool both_v4(const ProxiedConnection& c) { return c.source.address.is_v4() && c.destination.address.is_v4(); }

void write_v1(const ProxiedConnection& connection, Writer& out) {
  const bool v4 = both_v4(connection);
  const auto address = [&](const IpAddress& a) {
    out.text(!v4 && a.is_v4() ? " ::ffff:" : " ");  // a line has one family
    out.text(a.text().view());
  };
  out.text(v4 ? "PROXY TCP4" : "PROXY TCP6");
  address(connection.source.address);
  address(connection.destination.address);
  for (const std::uint16_t port : {connection.source.port, connection.destination.port}) {
    char digits[5];
    out.text(" ");
    out.text(
        {digits, static_cast<std::size_t>(std::to_chars(digits, digits + sizeof digits, port).ptr - digits)});
  }
  out.text("\r\n");
}

void write_v2(const ProxiedConnection& connection, Writer& out) {
  const bool v4 = both_v4(connection);
  const std::size_t skipped = v4 ? 12 : 0;
  out.text(v2_signature);
  out.byte(v2_proxy);
  out.byte(v4 ? family_tcp4 : family_tcp6);
  out.number(static_cast<std::uint16_t>(*address_bytes(v4 ? family_tcp4 : family_tcp6)));
  for (const IpEndpoint* end : {&connection.source, &connection.destination})
    out.bytes(end->address.bytes().data() + skipped, end->address.bytes().size() - skipped);
  out.number(connection.source.port);
  out.number(connection.destination.port);
}

std::string_view without_addresses(ProxyVersion version, std::uint8_t v2_command, Writer& out) {
  if (version == ProxyVersion::V1) out.text("PROXY UNKNOWN\r\n");
  if (version == ProxyVersion::V2) {
    out.text(v2_signature);
    out.byte(v2_command);
    out.byte(family_unspecified);
    out.number(0);
  }
  return out.written();
}

}  // namespace

ProxyHeader parse_proxy_header(std::string_view bytes) {
  if (bytes.empty()) return {};
  return bytes.front() == 'P' ? parse_v1(bytes) : parse_v2(bytes);
}

std::string_view write_proxy_header(ProxyVersion version, const ProxiedConnection& connection,
                                    ProxyHeaderBytes& room) {
  Writer out(room);
  if (!connection.source.address.known() || !connection.destination.address.known())
    return without_addresses(version, v2_proxy, out);
  if (version == ProxyVersion::V1) write_v1(connection, out);
  if (version == ProxyVersion::V2) write_v2(connection, out);
  return out.written();
}

std::string_view write_local_proxy_header(ProxyVersion version, ProxyHeaderBytes& room) {
  Writer out(room);
  return without_addresses(version, v2_local, out);
}

}  // namespace frontdoor
