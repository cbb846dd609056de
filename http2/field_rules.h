// Which fields an HTTP/2 message may have: a field that an HTTP/1 reader would take for something else must not get as
// far as one. Each rule says what it has found, or null. Pure. RFC 9113 §8.2, §8.3.

#pragma once

#include <string_view>

#include "http/head.h"

namespace frontdoor::http2 {

// Characters of a name that is no pseudo-header: a token without capital letters (§8.2.1).
const char* fault_of_name(std::string_view name);

// Characters of a value: nothing that ends a line or a string, no blanks around it (§8.2.1).
const char* fault_of_value(std::string_view value);

// What only means something to one connection of HTTP/1 (§8.2.2): in HTTP/2 an attack or a broken gateway. None should be among
// those that we are given.
constexpr bool is_for_one_connection(http::FieldId id) {
  switch (id) {
    case http::FieldId::Connection:
    case http::FieldId::KeepAlive:
    case http::FieldId::ProxyConnection:
    case http::FieldId::TransferEncoding:
    case http::FieldId::Upgrade:
      return true;
    default:
      return false;
  }
}

// The same, and TE, which may name trailers only.
const char* fault_of_connection_field(http::FieldId id, std::string_view value);

}  // namespace frontdoor::http2
