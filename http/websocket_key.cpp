#include "http/websocket_key.h"

#include <openssl/evp.h>

#include <algorithm>
#include <new>

namespace frontdoor::http {
namespace {

constexpr std::string_view kSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::size_t kDigest = 20;

// RFC 4648 §4. The library writes a zero behind it.
template <std::size_t Size>
std::array<char, Size> base64(const std::uint8_t* bytes, int count) {
  std::array<unsigned char, Size + 1> text{};
  EVP_EncodeBlock(text.data(), bytes, count);
  std::array<char, Size> result;
  std::copy_n(text.begin(), Size, result.begin());
  return result;
}

std::string_view value_of(const Fields& fields, std::string_view name) {
  for (const auto& field : fields)
    if (equal_ignoring_case(field.name, name)) return field.value;
  return {};
}

}  // namespace

WebSocketKey websocket_key(std::span<const std::uint8_t, 16> nonce) { return base64<24>(nonce.data(), 16); }

// SHA-1 proves nothing here but that somebody has read the RFC, so its weakness is none.
WebSocketAccept websocket_accept(const WebSocketKey& key) {
  std::array<char, std::tuple_size_v<WebSocketKey> + kSuffix.size()> message;
  const auto end = std::copy(key.begin(), key.end(), message.begin());
  std::copy(kSuffix.begin(), kSuffix.end(), end);
  std::array<std::uint8_t, kDigest> digest;
  if (EVP_Digest(message.data(), message.size(), digest.data(), nullptr, EVP_sha1(), nullptr) != 1) throw std::bad_alloc();
  return base64<28>(digest.data(), kDigest);
}

std::optional<WebSocketKey> websocket_key_of(const Fields& request) {
  std::optional<WebSocketKey> key;
  for (const auto& field : request) {
    if (!equal_ignoring_case(field.name, kWebSocketKey)) continue;
    if (key || field.value.size() != std::tuple_size_v<WebSocketKey>) return std::nullopt;
    key.emplace();
    std::copy(field.value.begin(), field.value.end(), key->begin());
  }
  if (!key) return std::nullopt;
  // 22 digits for 16 bytes, and two signs that there are no more.
  const std::string_view text(key->data(), key->size());
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (text.substr(22) != "==" || text.substr(0, 22).find_first_not_of(kDigits) != std::string_view::npos) return std::nullopt;
  return key;
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
