#include "http/websocket.h"

#include <algorithm>

namespace frontdoor::http {
namespace {

constexpr std::uint8_t kFinal = 0x80;
constexpr std::uint8_t kOpcode = 0x0f;
constexpr std::uint8_t kClose = 0x8;
constexpr std::uint8_t kMasked = 0x80;
constexpr std::uint8_t kLength = 0x7f;
constexpr std::uint8_t kLength16 = 126;
constexpr std::uint8_t kMaskBytes = 4;

constexpr std::uint8_t byte_of(char c) { return static_cast<std::uint8_t>(c); }
constexpr bool begins_close_frame(char first) { return (byte_of(first) & kOpcode) == kClose; }

}  // namespace

// Most messages are one short frame that has come whole.
inline std::size_t WebSocketFrames::small_frame(std::string_view bytes) {
  if (!at_boundary() || bytes.size() < 2) return 0;
  const std::uint8_t second = byte_of(bytes[1]);
  const std::size_t length = second & kLength;
  const std::size_t size = 2 + length + (second & kMasked ? kMaskBytes : 0);
  if (length >= kLength16 || size > bytes.size()) return 0;
  if (begins_close_frame(bytes[0])) close_seen_ = true;
  return size;
}

void WebSocketFrames::advance(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t whole = small_frame(bytes);
    bytes.remove_prefix(whole != 0 ? whole : step(bytes));
  }
}

std::size_t WebSocketFrames::until_boundary(std::string_view next) const {
  if (at_boundary()) return 0;
  WebSocketFrames ahead = *this;
  return ahead.step(next);
}

std::size_t WebSocketFrames::until_close_frame(std::string_view next) const {
  WebSocketFrames ahead = *this;
  std::size_t passed = 0;
  while (passed < next.size()) {
    if (ahead.at_boundary() && begins_close_frame(next[passed])) break;
    passed += ahead.step(next.substr(passed));
  }
  return passed;
}

std::size_t WebSocketFrames::step(std::string_view bytes) {
  if (lost_) return bytes.size();
  std::size_t at = 0;
  while (at < bytes.size()) {
    const std::uint8_t byte = byte_of(bytes[at]);
    switch (expecting_) {
      case Expecting::FirstByte:
        ++at;
        if (begins_close_frame(static_cast<char>(byte))) close_seen_ = true;
        expecting_ = Expecting::SecondByte;
        break;
      case Expecting::SecondByte: {
        ++at;
        masked_ = (byte & kMasked) != 0;
        const std::uint8_t length = byte & kLength;
        if (length < kLength16) {
          begin_rest(length);
          break;
        }
        length_bytes_left_ = length == kLength16 ? 2 : 8;
        left_ = 0;
        expecting_ = Expecting::ExtendedLength;
        break;
      }
      case Expecting::ExtendedLength:
        ++at;
        left_ = left_ << 8 | byte;
        if (--length_bytes_left_ == 0) begin_rest(left_);
        break;
      case Expecting::Rest: {
        const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - at));
        at += taken;
        left_ -= taken;
        if (left_ == 0) expecting_ = Expecting::FirstByte;
        break;
      }
    }
    if (lost_) return bytes.size();
    if (expecting_ == Expecting::FirstByte) return at;
  }
  return at;
}

void WebSocketFrames::begin_rest(std::uint64_t length) {
  // §5.2: the most significant bit of a 64-bit length is 0.
  lost_ = (length >> 63) != 0;
  left_ = length + (masked_ ? kMaskBytes : 0);
  expecting_ = left_ == 0 ? Expecting::FirstByte : Expecting::Rest;
}

WebSocketCloseFrame WebSocketCloseFrame::from_server(WebSocketClose code) {
  const auto number = static_cast<std::uint16_t>(code);
  WebSocketCloseFrame frame;
  frame.text = {static_cast<char>(kFinal | kClose), 2, static_cast<char>(number >> 8),
                static_cast<char>(number & 0xff)};
  frame.size = 4;
  return frame;
}

WebSocketCloseFrame WebSocketCloseFrame::from_client(WebSocketClose code, std::uint32_t masking_key) {
  const auto number = static_cast<std::uint16_t>(code);
  WebSocketCloseFrame frame;
  frame.text[0] = static_cast<char>(kFinal | kClose);
  frame.text[1] = static_cast<char>(kMasked | 2);
  for (std::size_t i = 0; i < kMaskBytes; ++i) frame.text[2 + i] = static_cast<char>(masking_key >> (24 - 8 * i));
  frame.text[6] = static_cast<char>((number >> 8) ^ byte_of(frame.text[2]));
  frame.text[7] = static_cast<char>((number & 0xff) ^ byte_of(frame.text[3]));
  frame.size = 8;
  return frame;
}

}  // namespace frontdoor::http
