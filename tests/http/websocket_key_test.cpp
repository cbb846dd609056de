// Keys and answers of RFC 6455 §1.3.

#include "http/websocket_key.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace frontdoor::http {
namespace {

template <class Text>
std::string string_of(const Text& text) {
  return {text.data(), text.size()};
}

TEST(WebSocketKey, IsThatOfTheRfc) {
  const std::string nonce = "the sample nonce";
  std::array<std::uint8_t, 16> bytes{};
  std::copy(nonce.begin(), nonce.end(), bytes.begin());
  const WebSocketKey key = websocket_key(bytes);
  EXPECT_EQ(string_of(key), "dGhlIHNhbXBsZSBub25jZQ==");
  EXPECT_EQ(string_of(websocket_accept(key)), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(WebSocketKey, OthersAsOtherImplementationsSay) {
  // base64(sha1(key + GUID)), by Python's hashlib.
  struct {
    std::uint8_t byte;
    const char* key;
    const char* accept;
  } rows[] = {
      {0x00, "AAAAAAAAAAAAAAAAAAAAAA==", "ICX+Yqv66kxgM0FcWaLWlFLwTAI="},
      {0xff, "/////////////////////w==", "XXpj4jYzLM2yUE0C7TIgMwTQh2g="},
      {0x5a, "WlpaWlpaWlpaWlpaWlpaWg==", "1nwQI3IBoftOh+fG2YorpTWcrHs="},
  };
  for (const auto& row : rows) {
    std::array<std::uint8_t, 16> bytes;
    bytes.fill(row.byte);
    const WebSocketKey key = websocket_key(bytes);
    EXPECT_EQ(string_of(key), row.key);
    EXPECT_EQ(string_of(websocket_accept(key)), row.accept);
  }
}

TEST(WebSocketKey, AnAnswerProvesWhatWasAsked) {
  const Field key{"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="};
  const Field accept{"Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="};
  EXPECT_TRUE(proves_websocket({key}, {{"Upgrade", "websocket"}, accept}));
  EXPECT_FALSE(proves_websocket({key}, {}));
  EXPECT_FALSE(proves_websocket({}, {accept}));
  EXPECT_FALSE(proves_websocket({key}, {{"Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo"}}));
  EXPECT_FALSE(proves_websocket({{"Sec-WebSocket-Key", "short"}}, {accept}));
  // The first of two: whoever sends both proves nothing by the second.
  EXPECT_FALSE(proves_websocket({key}, {{"Sec-WebSocket-Accept", "x"}, accept}));
}

TEST(WebSocketKey, OfARequestIsOneAndWhole) {
  const Field key{"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="};
  const auto read = websocket_key_of({{"Host", "e"}, key});
  ASSERT_TRUE(read);
  EXPECT_EQ(string_of(*read), key.value);
  EXPECT_FALSE(websocket_key_of({}));
  EXPECT_FALSE(websocket_key_of({key, key}));
  for (const char* wrong : {"", "short", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ===", "dGhlIHNhbXBsZSBub25jZQAA",
                            "dGhlIHNhbXBsZSBub25j ZQ==", "dGhlIHNhbXBsZSBub25-ZQ=="})
    EXPECT_FALSE(websocket_key_of({{"Sec-WebSocket-Key", wrong}})) << wrong;
}

}  // namespace
}  // namespace frontdoor::http
