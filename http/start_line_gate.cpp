// The first line of a message. Checked here as soon as it is complete, so that a client that speaks something
// else is told at once instead of after a timeout.

#include <algorithm>

#include "http/framing_gate.h"
#include "http/syntax.h"

namespace frontdoor::http::gate {
namespace {

// The registered methods end at 17 letters (UPDATEREDIRECTREF). RFC 9112 §3: longer than any implemented is
// 501.
constexpr std::size_t kMethodBytes = 64;
constexpr std::size_t kVersionBytes = std::string_view("HTTP/1.1").size();

constexpr Refusal uri_too_long() { return {414, "uri_too_long", "request target exceeds uri_bytes"}; }

// RFC 9112 §2.3: HTTP-version = "HTTP" "/" DIGIT "." DIGIT, case-sensitive.
Verdict check_version(std::string_view version) {
  using syntax::is_digit;
  if (version.size() != kVersionBytes || !version.starts_with("HTTP/") || !is_digit(version[5]) ||
      version[6] != '.' || !is_digit(version[7]))
    return bad_request("malformed HTTP version");
  // RFC 9110 §15.6.6. A minor version above 1 does not exist: nobody knows what its framing would be.
  if (version[5] != '1' || version[7] > '1')
    return Refusal{505, "version_not_supported", "not HTTP/1.0 or HTTP/1.1"};
  return std::nullopt;
}

}  // namespace

Verdict check_partial_request_line(std::string_view line, const HeadLimits& limits) {
  const auto begin = line.substr(0, kMethodBytes + 1);
  const auto space = begin.find(' ');
  // RFC 9112 §3: method = token. A TLS ClientHello (0x16) fails on its first byte.
  if (!syntax::all(begin.substr(0, space), syntax::kToken)) return bad_request("method is not a token");
  if (space == 0) return bad_request("empty method");
  if (space == std::string_view::npos) {
    if (line.size() <= kMethodBytes) return std::nullopt;
    return Refusal{501, "not_implemented", "method is longer than any known"};
  }
  // The target may still end within its limit only if the rest of the line fits behind it.
  if (line.size() > space + 1 + limits.uri_bytes + 1 + kVersionBytes) return uri_too_long();
  return std::nullopt;
}

Verdict check_request_line(std::string_view line, const HeadLimits& limits) {
  if (auto refusal = check_partial_request_line(line, limits)) return refusal;
  const auto method_end = line.find(' ');
  if (method_end == std::string_view::npos) return bad_request("request line without a target");
  const auto rest = line.substr(method_end + 1);
  const auto target_end = rest.find(' ');
  // RFC 1945 §4.1, the simple request "GET /": HTTP/0.9 responses have no head, so nothing could be said
  // about them.
  if (target_end == std::string_view::npos) return bad_request("request line without a version");
  const auto target = rest.substr(0, target_end);
  if (target.empty()) return bad_request("empty request target");
  if (target.size() > limits.uri_bytes) return uri_too_long();
  // RFC 9112 §3.2: no white space; a lenient split of the rest at its last space is what smuggling lives on.
  if (!syntax::all(target, syntax::kTarget)) return bad_request("character not allowed in a request target");
  return check_version(rest.substr(target_end + 1));
}

Verdict check_partial_status_line(std::string_view line) {
  constexpr std::string_view begin = "HTTP/1.";
  const auto common = std::min(line.size(), begin.size());
  if (line.substr(0, common) != begin.substr(0, common)) return bad_response("not an HTTP/1 response");
  return std::nullopt;
}

// RFC 9112 §4: HTTP-version SP status-code SP [ reason-phrase ]. The second space is often missing when the
// phrase is: tolerated, nothing depends on it.
Verdict check_status_line(std::string_view line) {
  if (auto refusal = check_partial_status_line(line)) return refusal;
  const bool version = line.size() >= 12 && (line[7] == '0' || line[7] == '1') && line[8] == ' ';
  if (!version) return bad_response("malformed status line");
  if (!std::all_of(line.begin() + 9, line.begin() + 12, syntax::is_digit))
    return bad_response("malformed status code");
  // RFC 9110 §15: codes outside 100–599 are invalid, but from 600 on a client takes them for a 5xx, and such a
  // response is framed like any other: passed on (docs/adr/0013).
  if (line[9] == '0') return bad_response("status code below 100");
  if (line.size() > 12 && line[12] != ' ') return bad_response("malformed status code");
  return std::nullopt;
}

}  // namespace frontdoor::http::gate
