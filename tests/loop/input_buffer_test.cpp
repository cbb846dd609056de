// What has been read and not used: a head that stays where it is, bytes that may move behind it, and a block
// that is given back.

#include "loop/input_buffer.h"

#include <gtest/gtest.h>

#include <string>

#include "support/wire.h"

namespace frontdoor {
namespace {

using testing::Wire;

struct Filling {
  Wire wire;
  BufferPool pool{16};
  InputBuffer input{pool};

  IoResult arrives(std::string_view bytes) {
    wire.peer_sends(bytes);
    wire.turn();
    return input.fill(wire.transport);
  }
};

TEST(InputBuffer, TakesABlockOnlyWhenThereIsSomethingToRead) {
  Filling filling;
  EXPECT_EQ(filling.input.fill(filling.wire.transport).status, IoStatus::WouldBlock);
  EXPECT_EQ(filling.pool.in_use(), 0u);
  EXPECT_TRUE(filling.input.unread().empty());
  EXPECT_FALSE(filling.input.full());

  EXPECT_EQ(filling.arrives("abc").status, IoStatus::Ok);
  EXPECT_EQ(filling.pool.in_use(), 1u);
  filling.input.release_if_empty();
  EXPECT_EQ(filling.input.unread(), "abc") << "not empty: kept";
  filling.input.consume(3);
  filling.input.release_if_empty();
  EXPECT_EQ(filling.pool.in_use(), 0u);
}

TEST(InputBuffer, ReadsBehindWhatIsUnread) {
  Filling filling;
  filling.arrives("abc");
  filling.input.consume(1);
  filling.arrives("def");
  EXPECT_EQ(filling.input.unread(), "bcdef");
}

TEST(InputBuffer, MovesTheUnreadToTheFrontWhenTheEndIsReached) {
  Filling filling;
  filling.arrives("0123456789abcdef");
  EXPECT_TRUE(filling.input.full());
  filling.input.consume(12);
  EXPECT_FALSE(filling.input.full());
  filling.arrives("ghij");
  EXPECT_EQ(filling.input.unread(), "cdefghij");
}

TEST(InputBuffer, APinnedHeadStaysWhereItIs) {
  Filling filling;
  filling.arrives("HEADbody12345678");
  const std::string_view head = filling.input.unread().substr(0, 4);
  filling.input.pin(4);
  EXPECT_EQ(filling.input.unread(), "body12345678");
  filling.input.consume(10);
  filling.arrives("more");
  EXPECT_EQ(filling.input.unread(), "78more");
  EXPECT_EQ(head, "HEAD");
  filling.input.consume(6);
  filling.arrives("0123456789ab");
  EXPECT_EQ(filling.input.unread(), "0123456789ab") << "all the room behind the head";
  EXPECT_TRUE(filling.input.full());
  EXPECT_EQ(head, "HEAD");
  filling.input.consume(12);
  filling.input.release_if_empty();
  EXPECT_EQ(filling.pool.in_use(), 1u) << "the head is still in use";
  filling.input.unpin();
  filling.input.release_if_empty();
  EXPECT_EQ(filling.pool.in_use(), 0u);
}

TEST(InputBuffer, AHeadMayBePinnedBehindConsumedBytes) {
  Filling filling;
  filling.arrives("oldHEADrest");
  filling.input.consume(3);
  const std::string_view head = filling.input.unread().substr(0, 4);
  filling.input.pin(4);
  filling.input.consume(4);
  filling.arrives("next");
  EXPECT_EQ(head, "HEAD");
  EXPECT_EQ(filling.input.unread(), "next");
  filling.input.unpin();
  EXPECT_EQ(filling.input.unread(), "next") << "pipelined bytes stay";
}

TEST(InputBuffer, UnpinLeavesRoomBehindTheNextHead) {
  Filling filling;
  filling.arrives("GET1GET2GET3POST");
  for (const char* const head : {"GET1", "GET2", "GET3"}) {
    EXPECT_TRUE(filling.input.unread().starts_with(head));
    filling.input.pin(4);
    filling.input.unpin();
  }
  filling.input.pin(4);
  filling.arrives("body");
  EXPECT_EQ(filling.input.unread(), "body");
}

TEST(InputBuffer, TellsTheEnd) {
  Filling filling;
  filling.arrives("abc");
  filling.wire.close_peer();
  filling.wire.turn();
  EXPECT_EQ(filling.input.fill(filling.wire.transport).status, IoStatus::End);
  EXPECT_EQ(filling.input.unread(), "abc");
}

}  // namespace
}  // namespace frontdoor
