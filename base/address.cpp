// Parsing is strict and says why it refuses; sockets get only what the kernel will take.

#include "base/address.h"

#include <arpa/inet.h>
#include <net/if.h>

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cstddef>
#include <cstring>

namespace frontdoor {
namespace {

constexpr std::size_t max_unix_path = sizeof(sockaddr_un::sun_path) - 1;
constexpr std::size_t max_host = 253;  // RFC 1035 §2.3.4, without the root's dot

std::string quoted(std::string_view text) { return '"' + std::string(text) + '"'; }

std::nullopt_t fail(AddressError& error, std::string what) {
  error.what = std::move(what);
  return std::nullopt;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_host_char(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_';
}

// "10.0.0.300" is a mistyped IPv4 address, never a name: no top-level domain consists of digits.
bool looks_like_ipv4(std::string_view host) {
  const auto last = host.substr(host.rfind('.') + 1);  // npos + 1 = 0: the whole
  return !last.empty() && std::all_of(last.begin(), last.end(), is_digit);
}

// Says what is wrong with a TCP host; empty when nothing is.
std::string host_problem(std::string_view host, bool bracketed) {
  if (bracketed) return Endpoint::numeric(host, 0) ? "" : quoted(host) + " is not an IPv6 address";
  if (host.empty()) return "";
  if (host.size() > max_host) return "the host is longer than 253 characters";
  const auto bad = std::find_if_not(host.begin(), host.end(), is_host_char);
  if (bad != host.end()) return quoted(std::string_view(&*bad, 1)) + " is not allowed in a host name";
  if (host.front() == '.' || host.find("..") != std::string_view::npos)
    return "the host name " + quoted(host) + " has an empty part";
  if (looks_like_ipv4(host) && !Endpoint::numeric(host, 0)) return quoted(host) + " is not an IPv4 address";
  return "";
}

std::optional<std::uint16_t> parse_port(std::string_view text, AddressError& error) {
  if (text.empty()) return fail(error, "the port behind the colon is missing");
  if (!std::all_of(text.begin(), text.end(), is_digit))
    return fail(error, "port " + quoted(text) + " is not a number");
  unsigned port = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (code != std::errc() || port > 65535)
    return fail(error, "port " + std::string(text) + " is out of range (0 to 65535)");
  return static_cast<std::uint16_t>(port);
}

std::optional<Address> parse_unix(std::string_view path, AddressError& error) {
  if (path.empty() || path.front() != '/')
    return fail(error, "a unix socket needs an absolute path, as in \"unix:/run/app.sock\"");
  if (path.find('\0') != std::string_view::npos) return fail(error, "the path contains a NUL byte");
  if (path.size() > max_unix_path)
    return fail(error, "the path of a unix socket is at most " + std::to_string(max_unix_path) +
                           " bytes long, this one has " + std::to_string(path.size()));
  return Address{.kind = Address::Kind::Unix, .host = std::string(path)};
}

std::optional<Address> parse_fd(std::string_view name, AddressError& error) {
  if (name.empty()) return fail(error, "the name of the passed socket is missing, as in \"fd:http\"");
  return Address{.kind = Address::Kind::Fd, .host = std::string(name)};
}

std::optional<Address> parse_bracketed(std::string_view text, AddressError& error) {
  const auto close = text.find(']');
  if (close == std::string_view::npos)
    return fail(error, "the closing bracket is missing, as in \"[::1]:80\"");
  const auto host = text.substr(1, close - 1);
  const auto rest = text.substr(close + 1);
  if (host.find(':') == std::string_view::npos) return fail(error, quoted(host) + " is not an IPv6 address");
  if (auto problem = host_problem(host, true); !problem.empty()) return fail(error, std::move(problem));
  if (rest.empty() || rest.front() != ':')
    return fail(error, "the port is missing, as in \"[" + std::string(host) + "]:80\"");
  const auto port = parse_port(rest.substr(1), error);
  if (!port) return std::nullopt;
  return Address{.kind = Address::Kind::Tcp, .host = std::string(host), .port = *port};
}

std::optional<Address> parse_tcp(std::string_view text, AddressError& error) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    if (std::all_of(text.begin(), text.end(), is_digit))
      return fail(error, "a port alone is written \":" + std::string(text) + "\"");
    if (text.find('/') != std::string_view::npos)
      return fail(error, "the port is missing; a unix socket is written \"unix:/path\"");
    return fail(error, "the port is missing, as in \"" + std::string(text) + ":80\"");
  }
  const auto host = text.substr(0, colon);
  if (host.find("//") != std::string_view::npos)
    return fail(error, "an address has no scheme and no path, only host:port");
  if (host.find(':') != std::string_view::npos)
    return fail(error, "an IPv6 address needs brackets, as in \"[::1]:80\"");
  if (auto problem = host_problem(host, false); !problem.empty()) return fail(error, std::move(problem));
  const auto port = parse_port(text.substr(colon + 1), error);
  if (!port) return std::nullopt;
  return Address{.kind = Address::Kind::Tcp, .host = std::string(host), .port = *port};
}

// "fe80::1%eth0": the part behind the percent sign names the link (RFC 4007 §11).
std::optional<std::uint32_t> scope_of(std::string_view zone) {
  unsigned index = 0;
  const auto [end, code] = std::from_chars(zone.data(), zone.data() + zone.size(), index);
  if (code == std::errc() && end == zone.data() + zone.size()) return index;
  index = if_nametoindex(std::string(zone).c_str());
  if (index == 0) return std::nullopt;
  return index;
}

}  // namespace

std::string Address::to_string() const {
  if (kind == Kind::Unix) return "unix:" + host;
  if (kind == Kind::Fd) return "fd:" + host;
  const bool v6 = host.find(':') != std::string::npos;
  return (tls ? "https://" : "") + (v6 ? '[' + host + ']' : host) + ':' + std::to_string(port);
}

std::string Address::host_field() const {
  if (kind != Kind::Tcp) return "localhost";
  const bool v6 = host.find(':') != std::string::npos;
  const bool usual = tls && port == 443;
  return (v6 ? '[' + host + ']' : host) + (usual ? "" : ':' + std::to_string(port));
}

std::optional<Address> parse_address(std::string_view text, AddressError& error) {
  if (text.empty()) return fail(error, "the address is empty, write \"host:port\"");
  if (text.starts_with("unix:")) return parse_unix(text.substr(5), error);
  if (text.starts_with("fd:")) return parse_fd(text.substr(3), error);
  if (text.front() == '[') return parse_bracketed(text, error);
  return parse_tcp(text, error);
}

Endpoint Endpoint::from(const sockaddr* address, socklen_t length) {
  Endpoint endpoint;
  endpoint.size_ = std::min(length, capacity());
  std::memcpy(&endpoint.storage_, address, endpoint.size_);
  return endpoint;
}

Endpoint Endpoint::unix_path(std::string_view path) {
  assert(path.size() <= max_unix_path);
  path = path.substr(0, max_unix_path);
  Endpoint endpoint;
  endpoint.storage_.local = sockaddr_un{};
  endpoint.storage_.local.sun_family = AF_UNIX;
  std::copy(path.begin(), path.end(), endpoint.storage_.local.sun_path);
  endpoint.size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return endpoint;
}

std::optional<Endpoint> Endpoint::numeric(std::string_view host, std::uint16_t port) {
  Endpoint endpoint;
  sockaddr_in v4{};
  if (inet_pton(AF_INET, std::string(host).c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    endpoint.storage_.v4 = v4;
    endpoint.size_ = sizeof v4;
    return endpoint;
  }
  sockaddr_in6 v6{};
  const auto percent = host.find('%');
  if (inet_pton(AF_INET6, std::string(host.substr(0, percent)).c_str(), &v6.sin6_addr) != 1)
    return std::nullopt;
  if (percent != std::string_view::npos) {
    const auto scope = scope_of(host.substr(percent + 1));
    if (!scope) return std::nullopt;
    v6.sin6_scope_id = *scope;
  }
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  endpoint.storage_.v6 = v6;
  endpoint.size_ = sizeof v6;
  return endpoint;
}

std::uint16_t Endpoint::port() const {
  if (family() == AF_INET) return ntohs(storage_.v4.sin_port);
  if (family() == AF_INET6) return ntohs(storage_.v6.sin6_port);
  return 0;
}

void Endpoint::set_port(std::uint16_t port) {
  if (family() == AF_INET) storage_.v4.sin_port = htons(port);
  if (family() == AF_INET6) storage_.v6.sin6_port = htons(port);
}

std::string Endpoint::ip() const {
  if (is_unix()) return "unix";
  char text[INET6_ADDRSTRLEN] = "";
  if (family() == AF_INET) inet_ntop(AF_INET, &storage_.v4.sin_addr, text, sizeof text);
  if (family() == AF_INET6) inet_ntop(AF_INET6, &storage_.v6.sin6_addr, text, sizeof text);
  return text;
}

namespace {

// The kernel does not end a path of full length with NUL, and a client's socket usually has no name at all.
std::string unix_name(const sockaddr_un& address, socklen_t size) {
  constexpr std::size_t start = offsetof(sockaddr_un, sun_path);
  if (size <= start) return "";
  const std::string_view path(address.sun_path, size - start);
  if (path.front() == '\0') return '@' + std::string(path.substr(1));  // abstract
  return std::string(path.substr(0, path.find('\0')));
}

}  // namespace

std::string Endpoint::to_string() const {
  if (is_unix()) return "unix:" + unix_name(storage_.local, size_);
  if (family() == AF_INET6) return '[' + ip() + "]:" + std::to_string(port());
  return family() == AF_INET ? ip() + ':' + std::to_string(port()) : std::string();
}

bool Endpoint::operator==(const Endpoint& other) const {
  if (family() != other.family()) return false;
  if (is_unix()) return unix_name(storage_.local, size_) == unix_name(other.storage_.local, other.size_);
  if (family() == AF_INET)
    return storage_.v4.sin_addr.s_addr == other.storage_.v4.sin_addr.s_addr && port() == other.port();
  if (family() == AF_INET6)
    return IN6_ARE_ADDR_EQUAL(&storage_.v6.sin6_addr, &other.storage_.v6.sin6_addr) &&
           port() == other.port() && storage_.v6.sin6_scope_id == other.storage_.v6.sin6_scope_id;
  return size_ == other.size_;  // both empty
}

}  // namespace frontdoor
