// What an upstream is told of a request's trace (W3C Trace Context, level 1): `traceparent` and `tracestate`. We record no
// spans, so a valid trace is passed on byte for byte; one that we begin names the request itself (docs/adr/0037). Pure;
// views into the fields and the request's id.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/head.h"

namespace frontdoor::http {

// The trace id of a traceparent (§3.2), 32 lower-case hex digits; "" when the value is not valid. Of a version that we
// do not know that part is read which all versions have.
std::string_view trace_id_of(std::string_view traceparent);

struct TraceRules {
  bool begin = false;         // a request without a valid traceparent gets one
  bool trusted_only = false;  // what others than trusted proxies send is not believed, and not passed on
};

struct Trace {
  enum class Fields : std::uint8_t {
    Kept,     // as they came
    Dropped,
    Begun,    // ours instead, of this id; no tracestate, which belongs to the traceparent (§3.3)
  };
  std::string_view id = {};  // "" = none that is valid
  Fields fields = Fields::Kept;
};

// `own_id`: 32 hex digits, whose last 16 are not all zero.
Trace trace_of(const RequestHead& head, const TraceRules& rules, bool trusted, std::string_view own_id);

inline constexpr std::size_t kTraceparentBytes = 55;
// A traceparent of a trace that we have begun. Our span, whose id is the last half of the trace's, is the parent.
void append_traceparent(std::string_view own_id, std::string& out);

}  // namespace frontdoor::http
