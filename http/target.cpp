#include "http/target.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include "http/syntax.h"

namespace frontdoor::http {
namespace {

bool is_dot_segment(std::string_view segment) { return segment == "." || segment == ".."; }

// Whether normalisation would leave the path as it is, which nearly every path is. Without '%' a dot segment
// begins behind a '/' or '\\'.
bool is_normal(std::string_view path) {
  for (std::size_t at = path.find_first_of("%."); at != std::string_view::npos;
       at = path.find_first_of("%.", at + 1)) {
    if (path[at] == '%') return false;
    if (at == 0 || (path[at - 1] != '/' && path[at - 1] != '\\')) continue;
    if (is_dot_segment(path.substr(at, path.find_first_of("/\\;", at) - at))) return false;
  }
  return true;
}

// Bytes of the separator that begins at `at` for those who decode before they split, or split at '\\'; else 0.
// As in all that follows, `segment` has its escapes in upper case and its unreserved octets decoded.
std::size_t hidden_separator(std::string_view segment, std::size_t at) {
  if (segment[at] == '\\') return 1;
  const auto escape = segment.substr(at, 3);
  return escape == "%2F" || escape == "%5C" ? 3 : 0;
}

// The name of a segment without its parameters (RFC 3986 §3.3), which Tomcat removes before it looks for dots, and
// without what stands behind a NUL, which ends the string for some.
std::string_view segment_name(std::string_view segment) {
  for (const std::string_view end : {";", "%3B", "%00"}) segment = segment.substr(0, segment.find(end));
  return segment;
}

// What stands between two '/', as the most different readers see it.
struct Segment {
  bool hides_dots = false;  // there is a dot segment in it for somebody
  bool one_name = true;     // for everybody it is one segment, and not an empty one
};

Segment look_into(std::string_view text) {
  Segment found;
  std::size_t begin = 0;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t separator = at < text.size() ? hidden_separator(text, at) : 0;
    if (separator == 0 && at < text.size()) {
      ++at;
      continue;
    }
    const auto name = segment_name(text.substr(begin, at - begin));
    if (is_dot_segment(name)) found.hides_dots = true;
    if (separator != 0 || name.empty()) found.one_name = false;
    if (separator == 0) break;
    begin = at += separator;
  }
  return found;
}

// RFC 3986 §6.2.2.2: %-escapes of unreserved characters mean the characters; others keep their escape, in the
// upper case of §6.2.2.1, so that "%2f" and "%2F" match alike and never become a "/".
bool decode_unreserved(std::string_view path, std::string& out) {
  constexpr char digits[] = "0123456789ABCDEF";
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '%') {
      out.push_back(path[i]);
      continue;
    }
    if (path.size() - i < 3) return false;
    const int high = syntax::hex_digit(path[i + 1]);
    const int low = syntax::hex_digit(path[i + 2]);
    if (high < 0 || low < 0) return false;
    const char decoded = static_cast<char>(high * 16 + low);
    if (syntax::is(decoded, syntax::kUnreserved))
      out.push_back(decoded);
    else
      out.append({'%', digits[high], digits[low]});
    i += 2;
  }
  return true;
}

// RFC 3986 §5.2.4 in place, except that what others resolve differently is an error: climbing above the root, hidden
// dot segments, taking back what is not one segment. No honest client sends any of them. `path` begins with '/'.
bool remove_dot_segments(std::string& path) {
  std::size_t out = 0;  // path[0, out) is done and does not end with '/'
  std::size_t at = 0;   // at a '/'
  while (at < path.size()) {
    const auto end = std::min(path.find('/', at + 1), path.size());
    const std::string_view segment(path.data() + at + 1, end - at - 1);
    const bool last = end == path.size();
    if (is_dot_segment(segment)) {
      if (segment == "..") {
        if (out == 0) return false;
        const auto parent = path.rfind('/', out - 1);
        if (!look_into({path.data() + parent + 1, out - parent - 1}).one_name) return false;
        out = parent;
      }
      if (last) path[out++] = '/';
    } else {
      if (look_into(segment).hides_dots) return false;
      std::memmove(path.data() + out, path.data() + at, end - at);
      out += end - at;
    }
    at = end;
  }
  path.resize(out);
  return true;
}

bool valid_port(std::string_view port) {
  if (port.size() > 5) return false;
  unsigned value = 0;
  for (const char c : port) {
    if (!syntax::is_digit(c)) return false;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return value <= 65535;
}

// RFC 3986 §3.2.2. The IPvFuture form and zone ids are refused: no server has such a name.
bool valid_ipv6(std::string_view address) {
  char text[INET6_ADDRSTRLEN] = {};
  if (address.size() >= sizeof text) return false;
  std::copy(address.begin(), address.end(), text);
  in6_addr parsed;
  return inet_pton(AF_INET6, text, &parsed) == 1;
}

bool valid_reg_name(std::string_view name) {
  if (name.empty()) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (syntax::is(name[i], syntax::kRegName)) continue;
    if (name[i] != '%' || name.size() - i < 3) return false;
    if (syntax::hex_digit(name[i + 1]) < 0 || syntax::hex_digit(name[i + 2]) < 0) return false;
    i += 2;
  }
  return true;
}

struct HostPort {
  std::string_view host;  // with the brackets of an IPv6 literal
  std::string_view port;  // with its colon
};

HostPort split_authority(std::string_view authority) {
  std::size_t host_size = 0;
  if (authority.starts_with('['))
    host_size = std::min(authority.find(']'), authority.size() - 1) + 1;
  else
    host_size = std::min(authority.find(':'), authority.size());
  return {authority.substr(0, host_size), authority.substr(host_size)};
}

}  // namespace

bool normalize_path(std::string_view target, std::string_view& path, std::string& scratch) {
  scratch.clear();
  path = target.substr(0, target.find('?'));
  if (is_normal(path)) return true;
  scratch.reserve(path.size());
  if (!decode_unreserved(path, scratch)) return false;
  if (!scratch.starts_with('/') || !remove_dot_segments(scratch)) return false;
  path = scratch;
  return true;
}

std::string_view literal_path(std::string_view target, std::string& scratch) {
  scratch.clear();
  const auto path = target.substr(0, target.find('?'));
  if (path.find('%') == std::string_view::npos) return path;
  decode_unreserved(path, scratch);
  return scratch;
}

void normalize_host(std::string_view authority, std::string_view& host, std::string& scratch) {
  scratch.clear();
  host = split_authority(authority).host;
  if (host.ends_with('.')) host.remove_suffix(1);
  if (std::none_of(host.begin(), host.end(), [](char c) { return c >= 'A' && c <= 'Z'; })) return;
  scratch.resize(host.size());
  std::transform(host.begin(), host.end(), scratch.begin(), syntax::lower);
  host = scratch;
}

bool valid_authority(std::string_view authority) {
  const auto [host, port] = split_authority(authority);
  if (!port.empty() && (port.front() != ':' || !valid_port(port.substr(1)))) return false;
  if (!host.starts_with('[')) return valid_reg_name(host);
  return host.size() > 2 && host.ends_with(']') && valid_ipv6(host.substr(1, host.size() - 2));
}

}  // namespace frontdoor::http
