// The request body that can be sent again as long as it is short enough.

#include "proxy/exchange/replayable_body.h"

#include <gtest/gtest.h>

#include <string>

#include "proxy/exchange/pump.h"
#include "support/fake_streams.h"

namespace frontdoor {
namespace {

using testing::FakeSink;
using testing::FakeSource;

struct Replayed {
  Pumped::State state;
  std::string bytes;
  bool ended;
};

Replayed send(ReplayableBody& body, std::size_t room = FakeSink::kUnlimited) {
  FakeSink sink;
  sink.set_room(room);
  body.rewind();
  const Pumped pumped = pump(body, sink);
  return {pumped.state, sink.received(), sink.ended()};
}

TEST(ReplayableBody, IsSentAgainFromItsFirstByte) {
  FakeSource live;
  ReplayableBody body(live);
  body.keep_up_to(100);
  live.add("abcdef");
  live.end();
  for (int attempt = 0; attempt < 3; ++attempt) {
    const Replayed sent = send(body);
    EXPECT_EQ(sent.state, Pumped::State::Done);
    EXPECT_EQ(sent.bytes, "abcdef");
    EXPECT_TRUE(sent.ended);
    EXPECT_TRUE(body.replayable());
  }
  EXPECT_EQ(body.consumed(), 6u) << "read from the client once";
}

TEST(ReplayableBody, GoesOnWithTheLiveBodyBehindWhatWasKept) {
  FakeSource live;
  ReplayableBody body(live);
  body.keep_up_to(100);
  live.add("abcdef");
  EXPECT_EQ(send(body, 4).bytes, "abcd");  // the first upstream took four bytes and died
  live.add("ghi");
  live.end();
  const Replayed sent = send(body);
  EXPECT_EQ(sent.bytes, "abcdefghi");
  EXPECT_TRUE(sent.ended);
}

TEST(ReplayableBody, MayFailAgainInTheMiddleOfAReplay) {
  FakeSource live;
  ReplayableBody body(live);
  body.keep_up_to(100);
  live.add("abcdef");
  EXPECT_EQ(send(body, 5).bytes, "abcde");
  EXPECT_EQ(send(body, 2).bytes, "ab");
  EXPECT_TRUE(body.replayable());
  live.end();
  EXPECT_EQ(send(body).bytes, "abcdef");
}

TEST(ReplayableBody, BeyondItsLimitItIsNotKept) {
  for (const std::uint64_t keep : {0, 1, 5, 6}) {
    FakeSource live;
    ReplayableBody body(live);
    body.keep_up_to(keep);
    EXPECT_TRUE(body.replayable()) << "nothing of it is gone yet";
    live.add("abcdef");
    EXPECT_EQ(send(body).bytes, "abcdef");
    EXPECT_EQ(body.replayable(), keep >= 6) << keep;
    EXPECT_EQ(body.consumed(), 6u);
  }
}

TEST(ReplayableBody, WhatWasKeptIsDroppedWhenTheLimitIsPassedLater) {
  FakeSource live;
  ReplayableBody body(live);
  body.keep_up_to(8);
  live.add("abcdef");
  FakeSink sink;
  pump(body, sink);
  EXPECT_TRUE(body.replayable());
  live.add("ghi");
  live.end();
  EXPECT_EQ(pump(body, sink).state, Pumped::State::Done);
  EXPECT_EQ(sink.received(), "abcdefghi");
  EXPECT_FALSE(body.replayable());
}

TEST(ReplayableBody, ABodyOfNothingIsReplayable) {
  FakeSource live;
  ReplayableBody body(live);
  live.end();
  EXPECT_EQ(send(body).state, Pumped::State::Done);
  EXPECT_TRUE(body.replayable());
  EXPECT_TRUE(send(body).ended);
}

TEST(ReplayableBody, PassesFailureAndTrailersOn) {
  FakeSource live;
  live.set_trailers({{"A", "b"}});
  ReplayableBody body(live);
  body.keep_up_to(100);
  live.add("abc");
  live.fail();
  EXPECT_EQ(send(body).state, Pumped::State::SourceFailed);
  EXPECT_FALSE(body.too_large());
  EXPECT_EQ(body.trailers().size(), 1u);
}

TEST(ReplayableBody, ABodyOfTheLimitPassesAndOneByteMoreFails) {
  for (const std::size_t size : {5u, 6u, 7u}) {
    FakeSource live;
    ReplayableBody body(live);
    body.limit_to(6);
    live.add(std::string(size, 'x'));
    live.end();
    const Replayed sent = send(body);
    EXPECT_EQ(body.too_large(), size > 6);
    EXPECT_EQ(sent.ended, size <= 6) << "an upstream never gets the end of a body that is refused";
  }
}

TEST(ReplayableBody, ALimitBelowWhatHasComeHolds) {
  FakeSource live;
  ReplayableBody body(live);
  body.keep_up_to(100);
  body.limit_to(10);
  live.add("abcdef");
  EXPECT_EQ(send(body).bytes, "abcdef");
  body.limit_to(3);  // a reload, while the request waits for another upstream
  live.add("g");
  EXPECT_EQ(send(body).state, Pumped::State::SourceFailed);
  EXPECT_TRUE(body.too_large());
}

TEST(ReplayableBody, TheLimitCountsAllReads) {
  FakeSource live;
  ReplayableBody body(live);
  body.limit_to(6);
  live.add("abcd");
  EXPECT_EQ(send(body).state, Pumped::State::WaitingForSource);
  live.add("ef");
  FakeSink sink;
  EXPECT_EQ(pump(body, sink).state, Pumped::State::WaitingForSource);
  live.add("g");
  EXPECT_EQ(pump(body, sink).state, Pumped::State::SourceFailed);
  EXPECT_TRUE(body.too_large());
}

}  // namespace
}  // namespace frontdoor
