// What a proxy changes in a head on its way (RFC 9110 §7.6, RFC 9112 §9.6): hop-by-hop fields and those that
// Connection nominates are removed, forwarding fields are set. Neutral to the protocol: the result is a list
// of fields that an HTTP/1 or HTTP/2 writer puts on the wire. Pure; views into the head, the context and
// `Forwarded`.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "http/head.h"
#include "http/trace_context.h"

namespace frontdoor::http {

struct ForwardContext {
  std::string_view last_hop;    // who sent it to us: "127.0.0.1", or "unknown"
  std::string_view scheme;      // "http" or "https": how the client came
  std::string_view request_id;  // for X-Request-Id; see claimed_request_id
  std::string_view loop_mark{};  // for CDN-Loop; see http/loop_mark.h
  Trace trace{};                 // what becomes of traceparent and tracestate
  std::span<const Field> client_certificate{};  // X-Client-Cert-*: what the client's connection has proved
  bool via = true;              // add Via: 1.1 frontdoor (1.0, 2: the version the client spoke)
  bool trusted =
      false;  // believe what the last hop says of those before it, and extend it; else overwrite it
};

// Fields for the upstream: what the client sent, less hop-by-hop fields, Content-Length, Transfer-Encoding
// and Host (framing and Host are written by the protocol's own writer), plus X-Forwarded-For/-Proto/-Host,
// X-Request-Id, traceparent, CDN-Loop, Via, the Upgrade that is passed on (http/upgrade.h), and an element of Forwarded where a
// trusted sender has begun one. Of a list of hops that is malformed only what stands behind the fault is
// passed on and extended. Nobody but a trusted sender can claim a client certificate. Connection can not nominate away Host,
// framing, Authorization, Cookie or what front doors say (http/forwarding_fields.h). `out` is cleared first; `scratch` holds
// values that had to be put together and must live as long as `out`.
void forward_request(const RequestHead& head, const ForwardContext& context, Fields& out,
                     std::string& scratch);

// The X-Request-Id that the sender has given, when it is one that a log and an app can take; "" otherwise.
std::string_view claimed_request_id(const RequestHead& head);

// Whether we are the recipient that a request is meant for, and must not pass it on: "OPTIONS *" asks about the server
// (RFC 9110 §9.3.7), and a TRACE or OPTIONS that has used up its hops ends here (§7.6.2).
bool is_for_us(const RequestHead& head);

// The hops a TRACE or OPTIONS request may still take (RFC 9110 §7.6.2), if it says so; forward_request passes on one less. Other methods keep the field as it is.
std::optional<std::uint64_t> max_forwards(const RequestHead& head);

// Fields for the client: the upstream's, less hop-by-hop fields and framing, plus Via when `via`, appended to
// an existing chain. A Date is added by the caller when it is missing (RFC 9110 §6.6.1).
void forward_response(const ResponseHead& head, bool via, Fields& out, std::string& scratch);

}  // namespace frontdoor::http
