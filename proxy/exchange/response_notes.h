// What a response tells of its way through us, where its listener says so: the request's id, Server-Timing, and Proxy-Status
// (RFC 9209). For answers of our own and for those that are passed on, of any protocol. By default nothing is told. Pure.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "http/head.h"
#include "proxy/exchange/stream.h"

namespace frontdoor {

struct ResponseNotes {
  std::string_view request_id{};
  std::string_view outcome{};          // of an answer of our own; "" = it is passed on
  std::uint16_t received_status = 0;   // passed on: the upstream's
  std::string_view next_hop{};         // whom it was, or was to be, got from: for trusted proxies alone
  Duration total{};                    // since the first byte of the request
  std::optional<Duration> upstream{};  // of that: since the upstream was connected, for its head
};

// Adds to `fields`, which views `scratch` then: that must live as long, and is not cleared while it does. An upstream's own
// Server-Timing and Proxy-Status stay before ours, as lists want it (RFC 9209 §2); its field with the request id's name goes.
void add_response_notes(const ClientInfo& client, const ResponseNotes& notes, http::Fields& fields, std::string& scratch);

}  // namespace frontdoor
