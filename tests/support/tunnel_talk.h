// An upgraded connection through the proxy: a client, an upstream, and the handshake between them; and frames as
// either side of a WebSocket writes them.

#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "support/test_proxy.h"

namespace frontdoor::testing {

inline constexpr std::string_view kHandshake =
    "GET /chat HTTP/1.1\r\nHost: e\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
inline constexpr std::string_view kSwitch =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
inline constexpr std::string_view kOtherHandshake =
    "GET / HTTP/1.1\r\nHost: e\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";
inline constexpr std::string_view kOtherSwitch =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: tcp\r\nConnection: Upgrade\r\n\r\n";

// A text frame below 126 bytes. Clients mask; with a key of zeros one can still read it.
inline std::string server_frame(std::string_view text) {
  return "\x81" + std::string(1, static_cast<char>(text.size())) + std::string(text);
}
inline std::string client_frame(std::string_view text) {
  return "\x81" + std::string(1, static_cast<char>(0x80 | text.size())) + std::string(4, '\0') + std::string(text);
}
inline std::string server_close(int code) {
  return {'\x88', '\x02', static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
}
inline std::string client_close(int code) {
  return {'\x88', '\x82', 0, 0, 0, 0, static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
}
// The code in a masked close frame, 0 if it is none.
inline int code_in_masked_close(std::string_view frame) {
  if (frame.size() != 8 || frame[0] != '\x88' || frame[1] != '\x82') return 0;
  const auto unmasked = [&](std::size_t i) { return static_cast<unsigned char>(frame[6 + i] ^ frame[2 + i]); };
  return unmasked(0) << 8 | unmasked(1);
}

struct TunnelTalk {
  ScriptedUpstream upstream;
  TestProxy proxy;
  std::unique_ptr<Peer> client;

  explicit TunnelTalk(std::string_view extra = "", AccessLog* log = nullptr, Over over = Over::Plain)
      : proxy({encrypted(upstream, over)}, (over == Over::Tls ? "tls = \"self-signed\"\n" : "") + std::string(extra), "", log),
        client(proxy.client()) {}

  static ScriptedUpstream* encrypted(ScriptedUpstream& upstream, Over over) {
    if (over == Over::Tls) upstream.encrypt();
    return &upstream;
  }

  bool until(const std::function<bool()>& done) { return proxy.until({client.get()}, done); }
  void settle() { proxy.settle({client.get()}); }
  void pass(Duration time) {
    settle();
    proxy.time().advance(time);
    settle();
  }
  Peer& server() { return upstream.last(); }
  bool asked() {
    return until([&] { return upstream.connections() > 0 && server().saw("\r\n\r\n"); });
  }
  // From here on both have received nothing yet.
  void open(std::string_view handshake = kHandshake, std::string_view answer = kSwitch) {
    client->send(handshake);
    ASSERT_TRUE(asked());
    server().forget();
    server().send(answer);
    ASSERT_TRUE(until([&] { return client->saw("\r\n\r\n"); }));
    ASSERT_TRUE(client->saw("HTTP/1.1 101 ")) << client->received();
    client->forget();
  }
  bool client_gets(std::string_view bytes) {
    return until([&] { return client->received().size() >= bytes.size(); }) && client->received() == bytes;
  }
  bool server_gets(std::string_view bytes) {
    return until([&] { return server().received().size() >= bytes.size(); }) && server().received() == bytes;
  }
  void drain(Duration window) {
    const TimePoint now = proxy.time().now();
    proxy.worker().drain({now, now + window});
  }
  // Both ends are closed and the worker has let go of everything.
  bool nothing_left() {
    settle();
    return proxy.worker().open_connections() == 0 && proxy.worker().buffers_in_use() == 0 &&
           proxy.upstream(0).in_flight() == 0;
  }
};

}  // namespace frontdoor::testing
