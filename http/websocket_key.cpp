#include "http/websocket_key.h"

#include <algorithm>
#include <bit>
#include <cstddef>

namespace frontdoor::http {
namespace {

constexpr std::string_view kSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

// SHA-1 (RFC 3174) of the one length that there is. It proves nothing but that somebody has read RFC 6455, so its
// weakness is none.
constexpr std::size_t kMessage = 24 + 36;
constexpr std::size_t kBlocks = 2 * 64;

std::array<std::uint8_t, 20> sha1(std::span<const std::uint8_t, kMessage> message) {
  std::array<std::uint8_t, kBlocks> padded{};
  std::copy(message.begin(), message.end(), padded.begin());
  padded[kMessage] = 0x80;
  padded[kBlocks - 2] = (kMessage * 8) >> 8;
  padded[kBlocks - 1] = (kMessage * 8) & 0xff;

  std::array<std::uint32_t, 5> state{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  for (std::size_t block = 0; block < kBlocks; block += 64) {
    std::array<std::uint32_t, 80> w{};
    for (std::size_t t = 0; t < 16; ++t)
      for (std::size_t i = 0; i < 4; ++i) w[t] = w[t] << 8 | padded[block + 4 * t + i];
    for (std::size_t t = 16; t < 80; ++t) w[t] = std::rotl(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    auto [a, b, c, d, e] = state;
    for (std::size_t t = 0; t < 80; ++t) {
      std::uint32_t f = 0;
      std::uint32_t k = 0;
      if (t < 20) f = (b & c) | (~b & d), k = 0x5a827999;
      else if (t < 40) f = b ^ c ^ d, k = 0x6ed9eba1;
      else if (t < 60) f = (b & c) | (b & d) | (c & d), k = 0x8f1bbcdc;
      else f = b ^ c ^ d, k = 0xca62c1d6;
      const std::uint32_t next = std::rotl(a, 5) + f + e + w[t] + k;
      e = d, d = c, c = std::rotl(b, 30), b = a, a = next;
    }
    state = {state[0] + a, state[1] + b, state[2] + c, state[3] + d, state[4] + e};
  }
  std::array<std::uint8_t, 20> digest{};
  for (std::size_t i = 0; i < digest.size(); ++i) digest[i] = static_cast<std::uint8_t>(state[i / 4] >> (24 - 8 * (i % 4)));
  return digest;
}

// RFC 4648 §4.
template <std::size_t From, std::size_t To>
std::array<char, To> base64(std::span<const std::uint8_t, From> bytes) {
  static_assert(To == (From + 2) / 3 * 4);
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<char, To> text;
  text.fill('=');
  for (std::size_t i = 0; i < From; i += 3) {
    const std::size_t count = std::min<std::size_t>(3, From - i);
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) group = group << 8 | (j < count ? bytes[i + j] : 0u);
    for (std::size_t j = 0; j <= count; ++j) text[i / 3 * 4 + j] = letters[group >> (18 - 6 * j) & 63];
  }
  return text;
}

std::string_view value_of(const Fields& fields, std::string_view name) {
  for (const auto& field : fields)
    if (equal_ignoring_case(field.name, name)) return field.value;
  return {};
}

}  // namespace

WebSocketKey websocket_key(std::span<const std::uint8_t, 16> nonce) { return base64<16, 24>(nonce); }

WebSocketAccept websocket_accept(const WebSocketKey& key) {
  std::array<std::uint8_t, kMessage> message;
  const auto end = std::copy(key.begin(), key.end(), message.begin());
  std::copy(kSuffix.begin(), kSuffix.end(), end);
  const auto digest = sha1(message);
  return base64<20, 28>(std::span<const std::uint8_t, 20>(digest));
}

bool proves_websocket(const Fields& request, const Fields& response) {
  const std::string_view key = value_of(request, kWebSocketKey);
  WebSocketKey own{};
  if (key.size() != own.size()) return false;
  std::copy(key.begin(), key.end(), own.begin());
  const WebSocketAccept wanted = websocket_accept(own);
  return value_of(response, kWebSocketAccept) == std::string_view(wanted.data(), wanted.size());
}

}  // namespace frontdoor::http
