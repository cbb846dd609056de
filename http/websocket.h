// Where the frames of a WebSocket begin and end (RFC 6455 §5.2), so that a close frame of ours never lands inside one
// of theirs. Follows one direction byte by byte as it is relayed: looks at headers only, keeps and changes nothing.
// Pure.
//
//   FirstByte ─► SecondByte ─► ExtendedLength ─► Rest ─┐
//       ▲            └──── length below 126 ────►      │
//       └──────────── a boundary ◄─────────────────────┘

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace frontdoor::http {

class WebSocketFrames {
 public:
  // The next bytes of this direction have been passed on.
  void advance(std::string_view bytes);

  // Between two frames; fragments of one message count, since control frames may stand between them (§5.4).
  bool at_boundary() const { return expecting_ == Expecting::FirstByte && !lost_; }
  // What passed made no frames.
  bool lost() const { return lost_; }
  // A close frame has begun: nothing of ours may follow it (§5.5.1).
  bool close_seen() const { return close_seen_; }

  // How many of the next bytes lead to a boundary, 0 if this is one; to the start of a close frame. All of them if
  // they do not get there.
  std::size_t until_boundary(std::string_view next) const;
  std::size_t until_close_frame(std::string_view next) const;

 private:
  enum class Expecting : std::uint8_t { FirstByte, SecondByte, ExtendedLength, Rest };

  std::size_t step(std::string_view bytes);  // to the next boundary at most; how many it took
  std::size_t small_frame(std::string_view bytes);  // its size, if the next is one and here in whole; else 0
  void begin_rest(std::uint64_t length);

  std::uint64_t left_ = 0;    // Rest: of masking key and payload; ExtendedLength: the length so far
  std::uint8_t length_bytes_left_ = 0;
  Expecting expecting_ = Expecting::FirstByte;
  bool masked_ = false;
  bool close_seen_ = false;
  bool lost_ = false;  // no WebSocket after all: an impossible length
};

// Status codes of a close frame (§7.4.1, IANA registry).
enum class WebSocketClose : std::uint16_t {
  GoingAway = 1001,
  ServiceRestart = 1012,  // come again, after a moment of your own choice
};

// A close frame without a reason. What a client sends is masked with an unpredictable key (§5.3), what a server sends
// is not.
struct WebSocketCloseFrame {
  static WebSocketCloseFrame from_server(WebSocketClose code);
  static WebSocketCloseFrame from_client(WebSocketClose code, std::uint32_t masking_key);

  std::string_view bytes() const { return {text.data(), size}; }

  std::array<char, 8> text{};
  std::uint8_t size = 0;
};

}  // namespace frontdoor::http
