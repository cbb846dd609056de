// Where an HTTP/1 body ends, whatever pieces it arrives in, and that nothing behind it is touched.

#include "proxy/h1/h1_body_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "support/wire.h"

namespace frontdoor {
namespace {

using http::BodyKind;
using testing::Wire;
using Peek = Peeked::State;
using BodyFailure = H1BodyReader::Failure;

constexpr http::Framing kChunkedBody{BodyKind::Chunked};
constexpr http::Framing kUntilClose{BodyKind::UntilClose};
constexpr http::Framing length(std::uint64_t bytes) { return {BodyKind::Length, bytes}; }

struct Reading {
  Wire wire;
  BufferPool pool{64 * 1024};
  InputBuffer input{pool};
  H1BodyReader reader{wire.transport, input};
  std::string body;

  void arrives(std::string_view bytes) {
    wire.peer_sends(bytes);
    wire.turn();
  }
  // Takes what can be had, `step` bytes at a time, and says what there is then.
  Peek take(std::size_t step = 1'000'000) {
    for (;;) {
      const Peeked peeked = reader.peek();
      if (peeked.state != Peek::Bytes) return peeked.state;
      EXPECT_FALSE(peeked.bytes.empty());
      const std::size_t count = std::min(step, peeked.bytes.size());
      body += peeked.bytes.substr(0, count);
      reader.consume(count);
    }
  }
};

TEST(H1BodyReader, NoBodyIsCompleteAtOnce) {
  for (const auto framing : {http::Framing{}, length(0)}) {
    Reading reading;
    reading.reader.start(framing);
    EXPECT_TRUE(reading.reader.complete());
    const Peeked peeked = reading.reader.peek();
    EXPECT_EQ(peeked.state, Peek::End);
    EXPECT_TRUE(peeked.last);
    EXPECT_EQ(reading.wire.ops.receives, 0u);
  }
}

struct Sample {
  const char* name;
  http::Framing framing;
  std::string_view wire;
  std::string_view body;
};
constexpr Sample kSamples[] = {
    {"length", length(11), "hello world", "hello world"},
    {"chunked", kChunkedBody, "5\r\nhello\r\n1;x=y\r\n \r\n5\r\nworld\r\n0\r\n\r\n", "hello world"},
    {"chunked with trailers", kChunkedBody, "b\r\nhello world\r\n0\r\nDigest: 1\r\n\r\n", "hello world"},
    {"chunked and empty", kChunkedBody, "0\r\n\r\n", ""},
};

TEST(H1BodyReader, FindsTheEndAtEverySplitAndLeavesTheNextMessageAlone) {
  for (const auto& sample : kSamples)
    for (std::size_t split = 0; split <= sample.wire.size(); ++split)
      for (const std::size_t step : {std::size_t{1}, std::size_t{3}, std::size_t{1'000}}) {
        SCOPED_TRACE(std::string(sample.name) + " split at " + std::to_string(split));
        Reading reading;
        reading.reader.start(sample.framing);
        if (split != 0) reading.arrives(sample.wire.substr(0, split));
        if (split < sample.wire.size()) {
          EXPECT_EQ(reading.take(step), Peek::Pending);
          EXPECT_FALSE(reading.reader.complete());
        }
        reading.arrives(std::string(sample.wire.substr(split)) + "GET /next");
        EXPECT_EQ(reading.take(step), Peek::End);
        EXPECT_EQ(reading.body, sample.body);
        EXPECT_TRUE(reading.reader.complete());
        EXPECT_EQ(reading.input.unread(), "GET /next");
      }
}

TEST(H1BodyReader, SaysWithTheLastBytesThatTheyAreTheLast) {
  for (const auto& sample : kSamples) {
    if (sample.body.empty()) continue;
    Reading reading;
    reading.reader.start(sample.framing);
    reading.arrives(sample.wire);
    const Peeked peeked = reading.reader.peek();
    EXPECT_EQ(peeked.bytes, sample.body) << "chunk framing is squeezed out";
    EXPECT_TRUE(peeked.last) << sample.name;
  }
}

// The end has been read, but what is in front of it still lies in the buffer. Were the body called complete,
// these bytes would be parsed as the next request of the connection, which the client has smuggled in.
TEST(H1BodyReader, ABodyThatWasReadButNotConsumedIsNotComplete) {
  for (const auto& sample : kSamples) {
    if (sample.body.empty()) continue;
    Reading reading;
    reading.reader.start(sample.framing);
    reading.arrives(sample.wire);
    EXPECT_TRUE(reading.reader.peek().last);
    EXPECT_FALSE(reading.reader.complete()) << sample.name;
    reading.reader.consume(sample.body.size() - 1);
    EXPECT_FALSE(reading.reader.complete()) << sample.name;
    reading.reader.consume(1);
    EXPECT_TRUE(reading.reader.complete()) << sample.name;
    EXPECT_TRUE(reading.input.empty());
  }
}

TEST(H1BodyReader, TrailersAreKnownAtTheEnd) {
  Reading reading;
  reading.reader.start(kChunkedBody);
  reading.arrives("1\r\na\r\n0\r\nDigest: abc\r\n\r\n");
  EXPECT_EQ(reading.take(), Peek::End);
  ASSERT_EQ(reading.reader.trailers().size(), 1u);
  EXPECT_EQ(reading.reader.trailers()[0].value, "abc");
  reading.reader.start(kChunkedBody);
  EXPECT_TRUE(reading.reader.trailers().empty());
}

TEST(H1BodyReader, ABodyThatEndsWithTheConnection) {
  Reading reading;
  reading.reader.start(kUntilClose);
  reading.arrives("hello ");
  EXPECT_EQ(reading.take(), Peek::Pending);
  EXPECT_FALSE(reading.reader.complete());
  reading.wire.peer_sends("world");
  reading.wire.close_peer();
  reading.wire.turn();
  EXPECT_EQ(reading.take(), Peek::End);
  EXPECT_EQ(reading.body, "hello world");
  EXPECT_TRUE(reading.reader.complete());
  EXPECT_EQ(reading.reader.failure(), BodyFailure::None);
}

TEST(H1BodyReader, AnEarlyEndIsATruncationWithEveryKnownEnd) {
  for (const auto framing : {length(11), kChunkedBody}) {
    Reading reading;
    reading.reader.start(framing);
    reading.wire.peer_sends(framing.kind == BodyKind::Chunked ? "5\r\nhello\r\n" : "hello");
    reading.wire.peer_finishes();
    reading.wire.turn();
    EXPECT_EQ(reading.take(), Peek::Failed);
    EXPECT_EQ(reading.body, "hello") << "what came is passed on";
    EXPECT_EQ(reading.reader.failure(), BodyFailure::Truncated);
    EXPECT_FALSE(reading.reader.complete());
    EXPECT_EQ(reading.take(), Peek::Failed) << "and stays so";
  }
}

TEST(H1BodyReader, AResetIsAFailureEvenWhereTheConnectionEndsTheBody) {
  for (const auto framing : {length(11), kChunkedBody, kUntilClose}) {
    Wire wire(testing::Link::Tcp);
    BufferPool pool(4096);
    InputBuffer input(pool);
    H1BodyReader reader(wire.transport, input);
    reader.start(framing);
    wire.reset_peer();
    ASSERT_TRUE(wire.turn_until([&] { return wire.transport.peer_gone(); }));
    EXPECT_EQ(reader.peek().state, Peek::Failed);
    EXPECT_EQ(reader.failure(), BodyFailure::Reset);
    EXPECT_FALSE(reader.complete());
  }
}

TEST(H1BodyReader, BrokenChunksAreMalformed) {
  Reading reading;
  reading.reader.start(kChunkedBody);
  reading.arrives("xyz\r\n");
  EXPECT_EQ(reading.take(), Peek::Failed);
  EXPECT_EQ(reading.reader.failure(), BodyFailure::Malformed);
  EXPECT_STRNE(reading.reader.detail(), "");
  EXPECT_FALSE(reading.reader.complete());
}

// Nobody will be woken for bytes that have been told already: Pending may only be said when the socket is
// drained.
TEST(H1BodyReader, IsPendingOnlyWhenTheSocketIsDrained) {
  for (const std::size_t room : {std::size_t{16}, std::size_t{64}, std::size_t{4096}}) {
    Wire wire;
    BufferPool pool(room);
    InputBuffer input(pool);
    H1BodyReader reader(wire.transport, input);
    reader.start(kChunkedBody);
    std::string many;
    for (int i = 0; i < 500; ++i) many += "1;some=extension\r\nx\r\n";
    wire.peer_sends(many);
    wire.turn();
    std::size_t got = 0;
    for (Peeked peeked = reader.peek(); peeked.state != Peek::Pending; peeked = reader.peek()) {
      ASSERT_EQ(peeked.state, Peek::Bytes);
      got += peeked.bytes.size();
      reader.consume(peeked.bytes.size());
    }
    EXPECT_EQ(got, 500u);
    EXPECT_FALSE(wire.transport.may_read());
  }
}

}  // namespace
}  // namespace frontdoor
