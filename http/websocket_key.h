// The proof that a server understands WebSockets: what it answers to a key (RFC 6455 §1.3, §4.2.2). For a client that has no
// key of its own (RFC 8441 §5) one is made, and the answer checked. Pure.

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "http/head.h"

namespace frontdoor::http {

inline constexpr std::string_view kWebSocketKey = "Sec-WebSocket-Key";
inline constexpr std::string_view kWebSocketAccept = "Sec-WebSocket-Accept";

using WebSocketKey = std::array<char, 24>;
using WebSocketAccept = std::array<char, 28>;

WebSocketKey websocket_key(std::span<const std::uint8_t, 16> nonce);
WebSocketAccept websocket_accept(const WebSocketKey& key);

// The key of a request: there is one, and it is 16 bytes in base64 (RFC 6455 §4.2.1).
std::optional<WebSocketKey> websocket_key_of(const Fields& request);

// Whether a 101 proves that it is about the key of the request: it has one answer, and the right one.
bool proves_websocket(const Fields& request, const Fields& response);

}  // namespace frontdoor::http
