// What a stream keeps of what it has received: bytes until they are used, and little afterwards.

#include "http2/received_body.h"

#include <gtest/gtest.h>

namespace frontdoor::http2 {
namespace {

TEST(ReceivedBody, IsUsedInPieces) {
  ReceivedBody body;
  EXPECT_TRUE(body.empty());
  body.append("hello, ");
  body.consume(2);
  body.append("world");
  EXPECT_EQ(body.unread(), "llo, world");
  EXPECT_EQ(body.size(), 10u);
  body.consume(9);
  body.append("!");
  EXPECT_EQ(body.unread(), "d!");
  body.consume(2);
  EXPECT_TRUE(body.empty());
  body.append("again");
  EXPECT_EQ(body.unread(), "again");
}

// A WebSocket or a call may be silent for hours behind a large message, and there may be thousands of them.
TEST(ReceivedBody, KeepsLittleOfALargeMessage) {
  for (const std::size_t frame : {3'000u, 10'000u, 16'384u, 100'000u}) {
    ReceivedBody body;
    body.append(std::string(frame, 'x'));
    body.consume(frame / 2);
    EXPECT_GE(body.memory(), frame - frame / 2) << frame;
    body.consume(frame - frame / 2);
    EXPECT_LE(body.memory(), 2'048u) << frame;
  }
}

TEST(ReceivedBody, SmallMessagesNeedNoMemoryEachTime) {
  ReceivedBody body;
  body.append(std::string(1'000, 'x'));
  const std::size_t memory = body.memory();
  for (int i = 0; i < 100; ++i) {
    body.consume(1'000);
    EXPECT_EQ(body.memory(), memory);
    body.append(std::string(1'000, 'x'));
  }
}

}  // namespace
}  // namespace frontdoor::http2
