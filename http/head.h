// The head of a message as a protocol-neutral value: what HTTP/1 and HTTP/2 have in common. Everything the
// exchange decides, it decides from these. Views point into the connection's buffer, which does not move
// while the head is in use. One worker owns a head; nothing here is shared.

#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace frontdoor::http {

enum class Method : std::uint8_t { Get, Head, Post, Put, Delete, Connect, Options, Trace, Patch, Other };

// RFC 9110 §9.2.1 and §9.2.2. A method we do not know is neither.
constexpr bool is_safe(Method m) {
  return m == Method::Get || m == Method::Head || m == Method::Options || m == Method::Trace;
}
constexpr bool is_idempotent(Method m) { return is_safe(m) || m == Method::Put || m == Method::Delete; }

enum class Version : std::uint8_t { Http10, Http11, Http2 };

// The fields that somebody in the program asks for by name; every other one is Other and only passed on.
enum class FieldId : std::uint8_t {
  Other,
  Accept,
  Authorization,
  CdnLoop,
  Connection,
  ContentLength,
  ContentType,
  Cookie,
  Date,
  Expect,
  Forwarded,
  Host,
  Http2Settings,
  KeepAlive,
  MaxForwards,
  ProxyConnection,
  Range,
  Referer,
  RetryAfter,
  Server,
  Te,
  Traceparent,
  Tracestate,
  Trailer,
  TransferEncoding,
  Upgrade,
  UserAgent,
  Via,
  XForwardedFor,
  XForwardedHost,
  XForwardedProto,
  XRequestId,
};

struct Field {
  std::string_view name;
  std::string_view value;  // without surrounding white space
  FieldId id = FieldId::Other;
};
using Fields = std::vector<Field>;

// Both expect a valid token (RFC 9110 §5.6.2), as parsers deliver names and methods.
FieldId field_id(std::string_view name);
Method method_of(std::string_view text);

// Value of the first field with this id, or an empty view with a null data() when there is none.
std::string_view find(const Fields& fields, FieldId id);

// Case-insensitive in ASCII, as field names and most tokens are (RFC 9110 §5.1).
bool equal_ignoring_case(std::string_view a, std::string_view b);

// How a body's end is found (RFC 9112 §6.3). On HTTP/2 frames end it: Length when declared, else Chunked.
enum class BodyKind : std::uint8_t { None, Length, Chunked, UntilClose };
struct Framing {
  BodyKind kind = BodyKind::None;
  std::uint64_t length = 0;  // Length only. 0 only on a response: a request with "Content-Length: 0" has None
  bool operator==(const Framing&) const = default;
};

struct RequestHead {
  Method method = Method::Other;
  std::string_view method_text;
  std::string_view target;  // origin-form ("/a?b") or "*"; what is forwarded. absolute-form is reduced to it.
  std::string_view
      authority;  // of the absolute-form target, else the Host field; "" on an HTTP/1.0 request without
  Version version = Version::Http11;
  Fields fields;  // as received, Host included, in order
  Framing framing;
  bool keep_alive = true;               // the client's wish (RFC 9112 §9.3)
  bool expect_continue = false;         // not HTTP/1.0, "Expect: 100-continue", and a body to wait for
  bool has_connection_options = false;  // Connection names something other than close and keep-alive
  bool cdn_loop = false;                // another front door has passed it on, perhaps this one
  bool traceparent = false;             // there is one, valid or not
  // Offers a protocol that is passed on (http/upgrade.h). Over HTTP/2 this is RFC 8441's CONNECT, written as HTTP/1.1 would.
  bool upgrade = false;
};

struct ResponseHead {
  std::uint16_t status = 0;
  std::string_view reason;
  Version version = Version::Http11;
  Fields fields;
  Framing framing;
  bool keep_alive = true;
  bool has_connection_options = false;
  bool informational() const { return status < 200; }
};

}  // namespace frontdoor::http
