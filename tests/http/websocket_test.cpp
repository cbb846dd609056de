// Where frames end, however the bytes come; and close frames that a WebSocket implementation would write.

#include "http/websocket.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>
#include <vector>

namespace frontdoor::http {
namespace {

using namespace std::string_literals;

enum Opcode : std::uint8_t { kContinuation = 0, kText = 1, kBinary = 2, kCloseFrame = 8, kPing = 9 };
enum class Length : std::uint8_t { Shortest, In16Bits, In64Bits };

struct Frame {
  Opcode opcode;
  std::size_t payload;
  bool masked = false;
  bool last = true;
  Length form = Length::Shortest;
};

std::string wire(const Frame& frame) {
  std::string out;
  out += static_cast<char>((frame.last ? 0x80 : 0) | frame.opcode);
  const char mask = static_cast<char>(frame.masked ? 0x80 : 0);
  Length form = frame.form;
  if (form == Length::Shortest && frame.payload > 125) form = frame.payload < 65536 ? Length::In16Bits : Length::In64Bits;
  const int bytes = form == Length::Shortest ? 0 : form == Length::In16Bits ? 2 : 8;
  out += static_cast<char>(mask | static_cast<char>(bytes == 0 ? frame.payload : bytes == 2 ? 126 : 127));
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(frame.payload >> (8 * i));
  if (frame.masked) out += "\x88\x88\x88\x88";  // as a close frame would begin
  return out + std::string(frame.payload, '\x88');
}

// Boundaries by the test's own reckoning, 0 included.
std::set<std::size_t> boundaries(const std::vector<Frame>& frames) {
  std::set<std::size_t> found{0};
  std::size_t at = 0;
  for (const auto& frame : frames) found.insert(at += wire(frame).size());
  return found;
}

std::string wire(const std::vector<Frame>& frames) {
  std::string out;
  for (const auto& frame : frames) out += wire(frame);
  return out;
}

const std::vector<Frame> kEveryKind = {
    {kText, 0},
    {kText, 0, true},
    {kText, 1},
    {kBinary, 125, true},
    {kBinary, 126},
    {kBinary, 126, true},
    {kText, 300, false, false},
    {kPing, 4, true},
    {kContinuation, 65535, true, false},
    {kPing, 0},
    {kContinuation, 65536},
    {kBinary, 70000, true},
    {kBinary, 3, false, true, Length::In16Bits},
    {kBinary, 0, true, true, Length::In64Bits},
    {kCloseFrame, 2},
};

TEST(WebSocketFrames, KnowsEveryBoundary) {
  const std::string bytes = wire(kEveryKind);
  const auto expected = boundaries(kEveryKind);
  WebSocketFrames frames;
  for (std::size_t at = 0; at <= bytes.size(); ++at) {
    ASSERT_EQ(frames.at_boundary(), expected.contains(at)) << at;
    if (at < bytes.size()) frames.advance({&bytes[at], 1});
  }
}

TEST(WebSocketFrames, LooksAheadToTheNextBoundaryFromEverywhere) {
  const std::string bytes = wire(kEveryKind);
  const auto expected = boundaries(kEveryKind);
  WebSocketFrames frames;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    const std::size_t next = *expected.lower_bound(at);
    const std::string_view ahead = std::string_view(bytes).substr(at);
    ASSERT_EQ(frames.until_boundary(ahead), next - at);
    ASSERT_EQ(frames.until_boundary(ahead.substr(0, (next - at) / 2)), (next - at) / 2) << "not in sight yet";
    frames.advance({&bytes[at], 1});
  }
}

TEST(WebSocketFrames, FindsTheCloseFrameAndNothingThatLooksLikeOne) {
  const std::string bytes = wire(kEveryKind);
  const std::size_t close = bytes.size() - wire(kEveryKind.back()).size();
  for (std::size_t at = 0; at <= close; at += at < 2000 || close - at < 2000 ? 1 : 997) {
    WebSocketFrames frames;
    frames.advance(std::string_view(bytes).substr(0, at));
    EXPECT_FALSE(frames.close_seen());
    ASSERT_EQ(frames.until_close_frame(std::string_view(bytes).substr(at)), close - at);
    frames.advance(std::string_view(bytes).substr(at, close - at + 1));
    ASSERT_TRUE(frames.close_seen()) << "with its first byte";
  }
}

TEST(WebSocketFrames, PiecesOfAnySizeComeToTheSame) {
  std::minstd_rand random(6455);
  for (int round = 0; round < 200; ++round) {
    std::vector<Frame> sequence;
    for (unsigned i = 0; i < 1 + random() % 8; ++i)
      sequence.push_back({random() % 2 != 0 ? kText : kBinary, random() % 4 != 0 ? random() % 200 : random() % 70'000,
                          random() % 2 != 0, random() % 3 != 0, static_cast<Length>(random() % 3)});
    for (auto& frame : sequence)
      if (frame.form == Length::In16Bits) frame.payload %= 65536;
    const std::string bytes = wire(sequence);
    const auto expected = boundaries(sequence);
    WebSocketFrames frames;
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t size = std::min<std::size_t>(1 + random() % 5000, bytes.size() - at);
      frames.advance(std::string_view(bytes).substr(at, size));
      at += size;
      ASSERT_EQ(frames.at_boundary(), expected.contains(at)) << "round " << round << ", byte " << at;
    }
  }
}

TEST(WebSocketFrames, AnImpossibleLengthHasNoBoundaryBehindIt) {
  WebSocketFrames frames;
  frames.advance("\x82\x7f\x80\0\0\0\0\0\0\0"s);
  EXPECT_FALSE(frames.at_boundary());
  const std::string more(100, '\x88');
  EXPECT_EQ(frames.until_boundary(more), more.size());
  EXPECT_EQ(frames.until_close_frame(more), more.size());
  frames.advance(more);
  EXPECT_FALSE(frames.at_boundary());
}

TEST(WebSocketFrames, TheLargestLengthIsCounted) {
  WebSocketFrames frames;
  frames.advance("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff"s);
  const std::string more(100'000, 'x');
  for (int i = 0; i < 10; ++i) frames.advance(more);
  EXPECT_FALSE(frames.at_boundary());
  EXPECT_EQ(frames.until_boundary(more), more.size());
}

TEST(WebSocketClose, AServersIsPlain) {
  EXPECT_EQ(WebSocketCloseFrame::from_server(WebSocketClose::ServiceRestart).bytes(), "\x88\x02\x03\xf4"s);
  EXPECT_EQ(WebSocketCloseFrame::from_server(WebSocketClose::GoingAway).bytes(), "\x88\x02\x03\xe9"s);
}

TEST(WebSocketClose, AClientsIsMaskedWithItsKey) {
  EXPECT_EQ(WebSocketCloseFrame::from_client(WebSocketClose::GoingAway, 0).bytes(), "\x88\x82\0\0\0\0\x03\xe9"s);
  EXPECT_EQ(WebSocketCloseFrame::from_client(WebSocketClose::GoingAway, 0x01020304).bytes(),
            "\x88\x82\x01\x02\x03\x04\x02\xeb"s);
}

TEST(WebSocketClose, IsOneWholeFrame) {
  for (const auto& frame : {WebSocketCloseFrame::from_server(WebSocketClose::GoingAway),
                            WebSocketCloseFrame::from_client(WebSocketClose::GoingAway, 0xdeadbeef)}) {
    WebSocketFrames frames;
    frames.advance(frame.bytes());
    EXPECT_TRUE(frames.at_boundary());
    EXPECT_TRUE(frames.close_seen());
  }
}

}  // namespace
}  // namespace frontdoor::http
