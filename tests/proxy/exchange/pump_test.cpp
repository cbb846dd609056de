// One direction of an exchange: every state that a pump can end in, and what has moved by then.

#include "proxy/exchange/pump.h"

#include <gtest/gtest.h>

#include <string>

#include "support/fake_streams.h"

namespace frontdoor {
namespace {

using State = Pumped::State;
using testing::FakeSink;
using testing::FakeSource;

TEST(Pump, WaitsForASourceThatHasNothing) {
  FakeSource source;
  FakeSink sink;
  EXPECT_EQ(pump(source, sink).state, State::WaitingForSource);
  EXPECT_EQ(sink.pushes(), 1u) << "what was queued before, a head for instance, is flushed";
}

TEST(Pump, MovesWhatIsThereAndWaitsForMore) {
  FakeSource source;
  FakeSink sink;
  source.add("abc");
  const Pumped pumped = pump(source, sink);
  EXPECT_EQ(pumped.state, State::WaitingForSource);
  EXPECT_EQ(pumped.bytes, 3u);
  EXPECT_EQ(sink.received(), "abc");
  EXPECT_EQ(sink.pushes(), 1u) << "what was taken has been flushed: an empty push would be in vain";
  EXPECT_EQ(source.peeks(), 1u) << "it has said that there is no more";
  EXPECT_FALSE(sink.ended());
}

TEST(Pump, IsDoneWithTheLastByteOrWithABareEnd) {
  for (const bool bare : {false, true}) {
    FakeSource source;
    FakeSink sink;
    source.add("abc");
    if (bare) pump(source, sink);
    source.end();
    EXPECT_EQ(pump(source, sink).state, State::Done);
    EXPECT_EQ(sink.received(), "abc");
    EXPECT_TRUE(sink.ended());
    EXPECT_EQ(sink.pushes(), bare ? 2u : 1u) << "bytes and end go in one push where they come together";
  }
}

TEST(Pump, TakesTheTrailersAlong) {
  FakeSource source;
  FakeSink sink;
  source.set_trailers({{"Checksum", "1"}});
  source.end();
  EXPECT_EQ(pump(source, sink).state, State::Done);
  EXPECT_EQ(sink.trailers()["checksum"], "1");
}

TEST(Pump, WaitsForASinkThatIsFullAndKeepsTheRest) {
  FakeSource source;
  FakeSink sink;
  source.add("abcdef");
  source.end();
  sink.set_room(4);
  Pumped pumped = pump(source, sink);
  EXPECT_EQ(pumped.state, State::WaitingForSink);
  EXPECT_EQ(pumped.bytes, 4u);
  EXPECT_EQ(source.unread(), 2u);
  EXPECT_EQ(pump(source, sink).bytes, 0u);
  sink.set_room(FakeSink::kUnlimited);
  pumped = pump(source, sink);
  EXPECT_EQ(pumped.state, State::Done);
  EXPECT_EQ(pumped.bytes, 2u);
  EXPECT_EQ(sink.received(), "abcdef");
}

// The sink has all bytes, but its own framing around them is not out: that is waiting for the sink, not for
// the source.
TEST(Pump, WaitsForASinkThatHasNotFlushed) {
  FakeSource source;
  FakeSink sink;
  sink.hold_flush(true);
  EXPECT_EQ(pump(source, sink).state, State::WaitingForSink);
  source.add("abc");
  source.end();
  EXPECT_EQ(pump(source, sink).state, State::WaitingForSink);
  EXPECT_FALSE(sink.ended());
  sink.hold_flush(false);
  EXPECT_EQ(pump(source, sink).state, State::Done);
  EXPECT_EQ(sink.received(), "abc");
  EXPECT_TRUE(sink.ended());
}

TEST(Pump, ASourceThatFailsHasGivenItsBytesFirst) {
  FakeSource source;
  FakeSink sink;
  source.add("abc");
  source.fail();
  const Pumped pumped = pump(source, sink);
  EXPECT_EQ(pumped.state, State::SourceFailed);
  EXPECT_EQ(pumped.bytes, 3u);
  EXPECT_FALSE(sink.ended()) << "what was cut must not look complete";
}

TEST(Pump, ASinkThatFails) {
  FakeSource source;
  FakeSink sink;
  sink.fail();
  EXPECT_EQ(pump(source, sink).state, State::SinkFailed) << "told even when there is nothing to move";
  source.add("abc");
  EXPECT_EQ(pump(source, sink).state, State::SinkFailed);
  EXPECT_EQ(source.consumed(), 0u);
}

TEST(Pump, YieldsToOthersWhenBothSidesCouldGoOnForever) {
  struct Endless final : BodySource {
    Peeked peek() override { return {Peeked::State::Bytes, "x", false}; }
    void consume(std::size_t count) override { consumed += count; }
    const http::Fields& trailers() const override { return none; }
    std::size_t consumed = 0;
    http::Fields none;
  } source;
  FakeSink sink;
  const Pumped pumped = pump(source, sink);
  EXPECT_EQ(pumped.state, State::Yielded);
  EXPECT_EQ(pumped.bytes, source.consumed);
  EXPECT_GT(pumped.bytes, 1u);
}

}  // namespace
}  // namespace frontdoor
