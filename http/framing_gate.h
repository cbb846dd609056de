// What Beast 1.81 lets pass and a front door must not: anything about which two recipients could disagree
// where a message ends, whom it is for or what its fields are (request smuggling). Runs on every head before
// and after Beast: on raw lines as they arrive, then on the parsed head, into which it writes what it has
// derived. Pure functions.
//
// RFC 9112 §3 (request line, targets, Host), §5 (fields), §6 (framing), §9 (persistence), §11 (smuggling).

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "http/head.h"
#include "http/head_parser.h"

namespace frontdoor::http::gate {

// The negative control of the smuggling tests: a build that believes Beast must fail them. Never set in a
// product.
#ifdef FRONTDOOR_NEGATIVE_CONTROL_NO_GATE
inline constexpr bool enabled = false;
#else
inline constexpr bool enabled = true;
#endif

using Verdict = std::optional<Refusal>;  // nothing: may pass

constexpr Refusal bad_request(const char* detail) { return {400, "bad_request", detail}; }
constexpr Refusal bad_response(const char* detail) { return {502, "bad_upstream_response", detail}; }
constexpr Refusal too_large(const char* detail) { return {431, "headers_too_large", detail}; }

// The first line while it is still arriving: refuses what no further byte can repair.
Verdict check_partial_request_line(std::string_view line, const HeadLimits& limits);
Verdict check_partial_status_line(std::string_view line);

// The complete first line, without its CRLF.
Verdict check_request_line(std::string_view line, const HeadLimits& limits);
Verdict check_status_line(std::string_view line);

// The parsed head: derives authority, framing, keep_alive, expect_continue and has_connection_options from
// its fields and reduces an absolute-form target. `scratch` holds a target that had to be put together.
Verdict settle_request(RequestHead& head, std::string& scratch);
Verdict settle_response(ResponseHead& head, Method request_method);

// Whether its client waits for a 100, if it has a body (RFC 9110 §10.1.1): which settle_request() sees to where it knows of one.
bool expects_continue(const Fields& fields);

// One field's framing value (RFC 9112 §6.2, RFC 9110 §8.6): digits only, at most 2^63 - 1.
std::optional<std::uint64_t> parse_content_length(std::string_view value);

}  // namespace frontdoor::http::gate
