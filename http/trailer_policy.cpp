#include "http/trailer_policy.h"

#include <algorithm>
#include <array>

#include "http/forwarding_fields.h"
#include "http/syntax.h"

namespace frontdoor::http {
namespace {

// RFC 9110 §6.5.1: "message framing …, routing …, authentication …, request modifiers …, response control
// data …, content format". Digests, signatures, Server-Timing and grpc-* are what trailers are for; they are
// not here.
constexpr auto kForbidden = std::to_array<std::string_view>({
    "transfer-encoding",
    "content-length",
    "trailer",
    "te",
    "connection",
    "keep-alive",
    "upgrade",
    "http2-settings",
    "host",
    "proxy",
    "max-forwards",
    "expect",
    "early-data",
    "authorization",
    "www-authenticate",
    "cookie",
    "set-cookie",
    "cache-control",
    "pragma",
    "range",
    "accept-ranges",
    "age",
    "date",
    "expires",
    "location",
    "retry-after",
    "vary",
    "warning",
    "content-encoding",
    "content-type",
    "content-range",
    "content-location",
});
constexpr auto kForbiddenBeginnings = std::to_array<std::string_view>({"proxy-", "if-"});

}  // namespace

bool may_be_trailer(std::string_view name) {
  return !is_forwarding_field(name) &&
         std::none_of(kForbidden.begin(), kForbidden.end(),
                      [&](auto forbidden) { return syntax::is_like_variable(name, forbidden); }) &&
         std::none_of(kForbiddenBeginnings.begin(), kForbiddenBeginnings.end(),
                      [&](auto begin) { return syntax::begins_like_variable(name, begin); });
}

}  // namespace frontdoor::http
