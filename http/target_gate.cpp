#include "http/target_gate.h"

#include "http/target.h"

namespace frontdoor::http::gate {
namespace {

// RFC 9112 §3.2: 400 for a 1.1 request without Host, for more than one, and for an invalid one. An empty Host
// is valid only where the target has no authority, which no http or https URI may (RFC 9110 §4.2.1).
Verdict check_host(const RequestHead& head, unsigned hosts, const Field* host) {
  if (hosts > 1) return bad_request("more than one Host");
  if (!host) {
    if (head.version == Version::Http10) return std::nullopt;
    return bad_request("HTTP/1.1 request without Host");
  }
  if (!valid_authority(host->value)) return bad_request("invalid Host");
  return std::nullopt;
}

// What follows "http://" or "https://", or nothing.
std::string_view after_scheme(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"})
    if (equal_ignoring_case(target.substr(0, scheme.size()), scheme)) return target.substr(scheme.size());
  return {};
}

// RFC 9112 §3.2.2: a server must accept the absolute-form, and its authority wins over Host.
Verdict reduce_absolute_form(RequestHead& head, Field* host, std::string& scratch) {
  const auto rest = after_scheme(head.target);
  if (rest.empty()) return bad_request("request target is neither a path nor an http URI");
  const auto authority = rest.substr(0, rest.find_first_of("/?"));
  if (!valid_authority(authority)) return bad_request("invalid authority in request target");
  const auto path = rest.substr(authority.size());
  head.authority = authority;
  if (host) host->value = authority;
  if (path.empty()) {
    // RFC 9112 §3.2.4: "OPTIONS http://example.org" asks about the server, not about "/".
    head.target = head.method == Method::Options ? "*" : "/";
  } else if (path.front() == '?') {
    scratch.assign("/").append(path);
    head.target = scratch;
  } else {
    head.target = path;
  }
  return std::nullopt;
}

}  // namespace

Verdict settle_target(RequestHead& head, unsigned hosts, Field* host, std::string& scratch) {
  // RFC 9112 §3.2.3: a reverse proxy is no tunnel to wherever the client likes.
  if (head.method == Method::Connect) return Refusal{501, "connect_not_allowed", "CONNECT"};
  if (auto refusal = check_host(head, hosts, host)) return refusal;
  head.authority = host ? host->value : std::string_view("");
  if (head.target.front() == '/') return std::nullopt;
  if (head.target != "*") return reduce_absolute_form(head, host, scratch);
  // RFC 9112 §3.2.4: the asterisk-form is only used for a server-wide OPTIONS request.
  if (head.method != Method::Options) return bad_request("asterisk-form without OPTIONS");
  return std::nullopt;
}

}  // namespace frontdoor::http::gate
