// One message on its way out. However few bytes the kernel takes at a time, the wire sees the same bytes.

#include "proxy/h1/h1_message_writer.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "support/wire.h"

namespace frontdoor {
namespace {

using http::BodyKind;
using testing::Wire;

struct Message {
  const char* name;
  http::Framing framing;
  std::vector<std::string> pieces;  // of the body, as they come from its source
  http::Fields trailers;
  std::string wire;
};

const std::string kHead = "HTTP/1.1 200 OK\r\nServer: x\r\n";

std::vector<Message> messages() {
  return {
      {"no body", {}, {}, {}, kHead + "\r\n"},
      {"length",
       {BodyKind::Length, 11},
       {"hello ", "world"},
       {},
       kHead + "Content-Length: 11\r\n\r\nhello world"},
      {"until close", {BodyKind::UntilClose}, {"hello ", "world"}, {}, kHead + "\r\nhello world"},
      {"chunked",
       {BodyKind::Chunked},
       {"hello ", "world"},
       {},
       kHead + "Transfer-Encoding: chunked\r\n\r\n6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n"},
      {"chunked and empty",
       {BodyKind::Chunked},
       {},
       {},
       kHead + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"chunked with trailers",
       {BodyKind::Chunked},
       {"hello ", "world"},
       {{"Digest", "abc"}, {"Expires", "never"}},
       kHead + "Transfer-Encoding: chunked\r\n\r\n6\r\nhello \r\n5\r\nworld\r\n0\r\nDigest: abc\r\nExpires: "
               "never\r\n\r\n"},
      {"empty with trailers",
       {BodyKind::Chunked},
       {},
       {{"Digest", "abc"}},
       kHead + "Transfer-Encoding: chunked\r\n\r\n0\r\nDigest: abc\r\n\r\n"},
  };
}

struct Writing {
  Wire wire;
  BufferPool pool{64 * 1024};
  H1MessageWriter writer{wire.transport, pool};
  std::string received;

  void head(http::Framing framing) {
    http::HeadWriter head = writer.begin_head();
    head.status_line(200, "");
    head.field("Server", "x");
    head.framing(framing);
    head.end();
    ASSERT_FALSE(head.overflowed());
    writer.head_written(head, framing);
  }
  // A full socket is told to be writable again: any byte from the other end makes an edge that tells all.
  void next_edge() {
    received += wire.peer_receives();
    wire.peer_sends("!");
    wire.turn();
  }
  // As an exchange does it: offer what was not accepted again, when woken.
  Pushed::State push(std::string_view bytes, bool last, const http::Fields& trailers) {
    for (int edges = 0; edges < 10'000; ++edges) {
      const Pushed pushed = writer.push(bytes, last, trailers);
      bytes.remove_prefix(pushed.accepted);
      if (pushed.state != Pushed::State::Blocked) {
        EXPECT_TRUE(bytes.empty());
        received += wire.peer_receives();
        return pushed.state;
      }
      EXPECT_FALSE(wire.transport.may_write()) << "blocked, yet nobody would be woken";
      next_edge();
    }
    return Pushed::State::Blocked;
  }
};

TEST(H1MessageWriter, WritesTheSameBytesHoweverFewTheKernelTakes) {
  for (const bool full : {true, false})
    for (const auto& message : messages())
      for (std::size_t k = 1; k <= message.wire.size() + 1; ++k) {
        SCOPED_TRACE(std::string(message.name) + ", " + std::to_string(k) + " bytes a send");
        Writing writing;
        writing.wire.ops.most_per_send = k;
        writing.wire.ops.partial_is_full = full;
        writing.head(message.framing);
        for (std::size_t i = 0; i < message.pieces.size(); ++i) {
          const bool last = i + 1 == message.pieces.size();
          ASSERT_EQ(writing.push(message.pieces[i], last, message.trailers), Pushed::State::Done);
        }
        if (message.pieces.empty()) {
          ASSERT_EQ(writing.push("", true, message.trailers), Pushed::State::Done);
        }
        ASSERT_EQ(writing.received, message.wire);
        EXPECT_TRUE(writing.writer.complete());
        EXPECT_EQ(writing.writer.bytes_sent(), message.wire.size());
        EXPECT_EQ(writing.pool.in_use(), 0u) << "the block goes back as soon as all is written";
      }
}

TEST(H1MessageWriter, AChunkThatWasBegunIsFinishedBeforeBytesThatCameLater) {
  for (std::size_t k = 1; k < 90; ++k) {
    Writing writing;
    writing.wire.ops.most_per_send = k;
    writing.head({BodyKind::Chunked});
    std::string offered = "hello ";
    bool more = true;
    for (int edges = 0; edges < 1'000 && (more || !offered.empty()); ++edges) {
      const Pushed pushed = writing.writer.push(offered, false, {});
      offered.erase(0, pushed.accepted);
      if (std::exchange(more, false)) offered += "world";  // the source has read on meanwhile
      if (pushed.state == Pushed::State::Blocked) writing.next_edge();
    }
    ASSERT_EQ(writing.push("", true, {}), Pushed::State::Done);
    const auto body = writing.received.substr(writing.received.find("\r\n\r\n") + 4);
    ASSERT_EQ(body, "6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n") << k;
  }
}

TEST(H1MessageWriter, SendsHeadBodyAndEndWithOneCall) {
  for (const auto& message : messages()) {
    if (!message.trailers.empty()) continue;  // rare: a call more
    std::string body;
    for (const auto& piece : message.pieces) body += piece;
    Writing writing;
    writing.head(message.framing);
    ASSERT_EQ(writing.push(body, true, {}), Pushed::State::Done);
    EXPECT_EQ(writing.wire.ops.sends, 1u) << message.name;
  }
}

TEST(H1MessageWriter, AHeadWaitsForItsFirstBytesOrAFlush) {
  Writing writing;
  writing.head({BodyKind::Chunked});
  EXPECT_EQ(writing.wire.ops.sends, 0u);
  EXPECT_FALSE(writing.writer.idle());
  EXPECT_EQ(writing.push("", false, {}), Pushed::State::Done);
  EXPECT_THAT(writing.received, ::testing::EndsWith("\r\n\r\n")) << "no chunk yet, and no end";
  EXPECT_TRUE(writing.writer.idle());
  EXPECT_FALSE(writing.writer.complete());
}

TEST(H1MessageWriter, SeveralHeadsMayQueueUp) {
  for (std::size_t k = 1; k < 120; ++k) {
    Writing writing;
    writing.wire.ops.most_per_send = k;
    for (int i = 0; i < 2; ++i) {
      http::HeadWriter early = writing.writer.begin_head();
      early.status_line(103, "");
      early.end();
      writing.writer.head_written(early, {});
      static_cast<void>(writing.writer.push("", false, {}));
    }
    writing.head({BodyKind::Length, 2});
    ASSERT_EQ(writing.push("ok", true, {}), Pushed::State::Done);
    ASSERT_EQ(writing.received, "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n" + kHead +
                                    "Content-Length: 2\r\n\r\nok");
  }
}

TEST(H1MessageWriter, AHeadThatDoesNotFitIsToldAndLeavesNothing) {
  Wire wire;
  BufferPool pool(256);
  H1MessageWriter writer(wire.transport, pool);
  http::HeadWriter head = writer.begin_head();
  head.field("X", std::string(300, 'x'));
  EXPECT_TRUE(head.overflowed());
  EXPECT_TRUE(writer.idle());
  http::HeadWriter smaller = writer.begin_head();
  smaller.status_line(502, "");
  smaller.end();
  EXPECT_FALSE(smaller.overflowed());
}

TEST(H1MessageWriter, FailsWhenTheOtherSideIsGone) {
  Writing writing;
  writing.head({BodyKind::Chunked});
  writing.wire.close_peer();
  EXPECT_EQ(writing.writer.push("hello", false, {}).state, Pushed::State::Failed);
  EXPECT_FALSE(writing.writer.complete());
}

TEST(H1MessageWriter, ForgetsWhatWasQueued) {
  Writing writing;
  writing.head({BodyKind::Chunked});
  writing.writer.forget();
  EXPECT_TRUE(writing.writer.idle());
  EXPECT_EQ(writing.pool.in_use(), 0u);
  writing.head({BodyKind::Length, 2});
  EXPECT_EQ(writing.push("ok", true, {}), Pushed::State::Done);
  EXPECT_EQ(writing.received, kHead + "Content-Length: 2\r\n\r\nok");
}

}  // namespace
}  // namespace frontdoor
