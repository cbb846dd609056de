// Names to ids and back: the only part of a head that costs time per field, so it compares eight bytes at
// once.

#include "http/head.h"

#include <cstring>

#include "base/ascii_case.h"
#include "http/syntax.h"

namespace frontdoor::http {
namespace {

template <class Word>
Word load(const char* at) {
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// Whether `name`, which has N - 1 bytes, spells `lower` in any case. Exact for tokens only: setting bit 5
// maps upper case to lower and leaves the other characters of our names alone, but would also turn CR into
// '-'.
template <std::size_t N>
bool spells(const char* name, const char (&lower)[N]) {
  constexpr std::size_t size = N - 1;
  if constexpr (size >= 8) {
    constexpr std::uint64_t bit5 = 0x2020202020202020;
    bool same = true;
    for (std::size_t i = 0; i + 8 <= size; i += 8)
      same &= (load<std::uint64_t>(name + i) | bit5) == load<std::uint64_t>(lower + i);
    return same && (load<std::uint64_t>(name + size - 8) | bit5) == load<std::uint64_t>(lower + size - 8);
  } else if constexpr (size >= 4) {
    constexpr std::uint32_t bit5 = 0x20202020;
    return (load<std::uint32_t>(name) | bit5) == load<std::uint32_t>(lower) &&
           (load<std::uint32_t>(name + size - 4) | bit5) == load<std::uint32_t>(lower + size - 4);
  } else {
    for (std::size_t i = 0; i < size; ++i)
      if ((name[i] | 0x20) != lower[i]) return false;
    return true;
  }
}

}  // namespace

std::string_view find(const Fields& fields, FieldId id) {
  for (const auto& field : fields)
    if (field.id == id) return field.value.data() ? field.value : std::string_view("");
  return {};
}

bool equal_ignoring_case(std::string_view a, std::string_view b) { return equal_in_ascii(a, b); }

FieldId field_id(std::string_view name) {
  const char* n = name.data();
  switch (name.size()) {
    case 2:
      return spells(n, "te") ? FieldId::Te : FieldId::Other;
    case 3:
      return spells(n, "via") ? FieldId::Via : FieldId::Other;
    case 4:
      if (spells(n, "host")) return FieldId::Host;
      return spells(n, "date") ? FieldId::Date : FieldId::Other;
    case 5:
      return spells(n, "range") ? FieldId::Range : FieldId::Other;
    case 6:
      if (spells(n, "accept")) return FieldId::Accept;
      if (spells(n, "cookie")) return FieldId::Cookie;
      if (spells(n, "server")) return FieldId::Server;
      return spells(n, "expect") ? FieldId::Expect : FieldId::Other;
    case 7:
      if (spells(n, "referer")) return FieldId::Referer;
      if (spells(n, "upgrade")) return FieldId::Upgrade;
      return spells(n, "trailer") ? FieldId::Trailer : FieldId::Other;
    case 8:
      return spells(n, "cdn-loop") ? FieldId::CdnLoop : FieldId::Other;
    case 9:
      return spells(n, "forwarded") ? FieldId::Forwarded : FieldId::Other;
    case 10:
      if (spells(n, "user-agent")) return FieldId::UserAgent;
      if (spells(n, "connection")) return FieldId::Connection;
      if (spells(n, "keep-alive")) return FieldId::KeepAlive;
      return spells(n, "tracestate") ? FieldId::Tracestate : FieldId::Other;
    case 11:
      if (spells(n, "traceparent")) return FieldId::Traceparent;
      return spells(n, "retry-after") ? FieldId::RetryAfter : FieldId::Other;
    case 12:
      if (spells(n, "content-type")) return FieldId::ContentType;
      if (spells(n, "x-request-id")) return FieldId::XRequestId;
      return spells(n, "max-forwards") ? FieldId::MaxForwards : FieldId::Other;
    case 13:
      return spells(n, "authorization") ? FieldId::Authorization : FieldId::Other;
    case 14:
      if (spells(n, "content-length")) return FieldId::ContentLength;
      return spells(n, "http2-settings") ? FieldId::Http2Settings : FieldId::Other;
    case 15:
      return spells(n, "x-forwarded-for") ? FieldId::XForwardedFor : FieldId::Other;
    case 16:
      if (spells(n, "x-forwarded-host")) return FieldId::XForwardedHost;
      return spells(n, "proxy-connection") ? FieldId::ProxyConnection : FieldId::Other;
    case 17:
      if (spells(n, "transfer-encoding")) return FieldId::TransferEncoding;
      return spells(n, "x-forwarded-proto") ? FieldId::XForwardedProto : FieldId::Other;
    default:
      return FieldId::Other;
  }
}

// RFC 9110 §9.1: methods are case-sensitive; "get" is a method we do not know.
Method method_of(std::string_view text) {
  switch (text.size()) {
    case 3:
      if (text == "GET") return Method::Get;
      return text == "PUT" ? Method::Put : Method::Other;
    case 4:
      if (text == "POST") return Method::Post;
      return text == "HEAD" ? Method::Head : Method::Other;
    case 5:
      if (text == "PATCH") return Method::Patch;
      return text == "TRACE" ? Method::Trace : Method::Other;
    case 6:
      return text == "DELETE" ? Method::Delete : Method::Other;
    case 7:
      if (text == "OPTIONS") return Method::Options;
      return text == "CONNECT" ? Method::Connect : Method::Other;
    default:
      return Method::Other;
  }
}

}  // namespace frontdoor::http
