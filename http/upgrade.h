// Which protocols a request offers to switch to, and whether a 101 took one of them (RFC 9110 §7.8). Upgrade is
// hop-by-hop: an offer is made anew for the upstream, without what would lead past this proxy. Pure.

#pragma once

#include <string>
#include <string_view>

#include "http/head.h"

namespace frontdoor::http {

// Whether the Upgrade fields name a protocol that may be passed on. Never h2c nor another way to speak HTTP on the
// same connection: its requests would reach the upstream without routing, limits or log.
bool offers_upgrade(const Fields& fields);

// Appends the offer that is passed on: "websocket", "a/1, b".
void append_upgrade_offer(const Fields& fields, std::string& out);

// Whether `response` is a 101 that the request asked for: Connection says so, and every protocol named was offered. One of
// HTTP/2 is what a CONNECT was answered with, put into these words by whoever has read that. To a
// client of HTTP/2, which has no key, nobody else can tell whether it was about a WebSocket: then its proof is checked.
bool accepts_upgrade(const RequestHead& request, const ResponseHead& response);

// Whether the accepted protocol is WebSocket (RFC 6455), whose frames can be followed.
bool is_websocket(const ResponseHead& response);

// Fields of a 101 for the client: forward_response, with Connection and Upgrade.
void forward_upgrade(const ResponseHead& head, bool via, Fields& out, std::string& scratch);

}  // namespace frontdoor::http
