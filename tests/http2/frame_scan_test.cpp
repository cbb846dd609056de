#include "http2/frame_scan.h"

#include "conversation.h"

namespace frontdoor::http2 {
namespace {

TEST(FrameScan, FindsTheSameHeadsInAnyPieces) {
  const std::string all = h2::settings({{4, 5}}) + h2::data(1, std::string(300, 'x')) + h2::data(1, "") +
                          h2::frame(0xee, 0xff, 7, "abc") + h2::ping();
  for (std::size_t step = 1; step <= all.size(); ++step) {
    FrameScan scan;
    std::string heads;
    for (std::size_t at = 0; at < all.size(); at += step) {
      std::string_view piece = std::string_view(all).substr(at, step);
      for (FrameHead head; scan.next(piece, head);)
        heads += std::to_string(head.type) + ":" + std::to_string(head.length) + ":" + std::to_string(head.flags) + " ";
      EXPECT_TRUE(piece.empty());
    }
    EXPECT_EQ(heads, "4:6:0 0:300:0 0:0:0 238:3:255 6:8:0 ") << step;
    EXPECT_FALSE(scan.in_head());
    EXPECT_FALSE(scan.in_payload());
  }
}

TEST(FrameScan, KnowsWhereItIs) {
  FrameScan scan;
  FrameHead head;
  const std::string frame = h2::data(1, "abc");
  std::string_view piece = std::string_view(frame).substr(0, 4);
  EXPECT_FALSE(scan.next(piece, head));
  EXPECT_TRUE(scan.in_head());
  piece = std::string_view(frame).substr(4, 6);
  EXPECT_TRUE(scan.next(piece, head));
  EXPECT_FALSE(scan.next(piece, head));
  EXPECT_FALSE(scan.in_head());
  EXPECT_TRUE(scan.in_payload());
  piece = std::string_view(frame).substr(10);
  EXPECT_FALSE(scan.next(piece, head));
  EXPECT_FALSE(scan.in_payload());
}

}  // namespace
}  // namespace frontdoor::http2
