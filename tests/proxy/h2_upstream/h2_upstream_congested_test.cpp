// An upstream of HTTP/2 that has stopped reading: what waits for it in the output of a connection that others share.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/h2_upstream.h"
#include "support/messages.h"

namespace frontdoor::testing {
namespace {

using ::testing::HasSubstr;

// An upload has filled all on the way to the first of two upstreams, with room left in our own output: what is asked next waits
// there, whole. The second is out until it is wanted.
struct Congested {
  H2UpstreamTalk talk;
  Peer* upload = nullptr;

  explicit Congested(std::string_view pool) : talk(pool, 2) {
    set_second(UpstreamState::Down);
    talk.up().greet_with(h2::settings({{4, 1U << 30}}) + h2::window(0, 1U << 30));
    upload = &talk.ask("POST /upload HTTP/1.1\r\nHost: e\r\nTransfer-Encoding: chunked\r\n\r\n");
  }
  bool fill() {
    if (!talk.asked(1)) return false;
    talk.settle();
    push();
    const std::size_t quiet = talk.proxy->worker().buffers_in_use();
    talk.end().peer().pause_reading(true);
    for (int i = 0; i < 1'000; ++i) {
      push();
      if (talk.proxy->worker().buffers_in_use() > quiet) return true;
    }
    return false;
  }
  void push() {
    upload->send("6000\r\n" + std::string(0x6000, 'u') + "\r\n");
    talk.settle();
  }
  void set_second(UpstreamState state) {
    Upstream& second = talk.proxy->upstream(1);
    second.change(second.seen(), state, "test", talk.proxy->time().now(), state == UpstreamState::Down ? DownCause::Dead : DownCause::None);
  }
  void advance(Millis by) {
    talk.proxy->time().advance(by);
    talk.settle();
  }
};

// It would be carried out by both when the first reads on: a reset does not overtake what it takes back.
TEST(H2Upstream, APostThatWaitsInASharedOutputDoesNotGoElsewhere) {
  for (const bool hung : {false, true}) {
    Congested stage("timeouts.response_header = \"3s\"");
    ASSERT_TRUE(stage.fill());
    Peer& post = stage.talk.ask(kPost);
    stage.talk.settle();
    stage.set_second(UpstreamState::Up);
    if (hung) {
      Upstream& first = stage.talk.proxy->upstream(0);
      first.change(first.seen(), UpstreamState::Down, "hangs", stage.talk.proxy->time().now(), DownCause::Hung);
    }
    stage.talk.settle();
    EXPECT_EQ(stage.talk.up(1).requests(), 0u) << hung;
    stage.advance(Millis{3'100});
    ASSERT_TRUE(stage.talk.answered(post));
    EXPECT_THAT(post.received(), HasSubstr("HTTP/1.1 504 "));
    stage.talk.end().peer().pause_reading(false);
    ASSERT_TRUE(stage.talk.until([&] { return stage.talk.end().asked(3).was_reset; }));
    EXPECT_TRUE(stage.talk.end().asked(3).ended) << "and the first has it whole";
    EXPECT_EQ(stage.talk.up(1).requests(), 0u) << hung;
  }
}

// What was lost with its connection goes again when all of it is there still, and never without its beginning.
TEST(H2Upstream, WhatIsLostInASharedOutputGoesAgainWholeOrNotAtAll) {
  for (const bool kept : {true, false}) {
    Congested stage(kept ? "" : "retry.body_bytes = \"0\"");
    ASSERT_TRUE(stage.fill());
    Peer& post = stage.talk.ask("POST / HTTP/1.1\r\nHost: e\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    stage.talk.settle();
    stage.talk.end().peer().reset();
    stage.talk.settle();
    post.send("3\r\ndef\r\n0\r\n\r\n");
    stage.talk.pause();
    if (kept) {
      ASSERT_TRUE(stage.talk.until([&] { return stage.talk.up().ends() == 2 && stage.talk.end(1).asked(1).ended; }));
      EXPECT_EQ(stage.talk.end(1).asked(1).body, "abcdef");
      stage.talk.end(1).answer(1);
    }
    ASSERT_TRUE(stage.talk.answered(post));
    EXPECT_THAT(post.received(), HasSubstr(kept ? "HTTP/1.1 200 " : "HTTP/1.1 502 "));
    EXPECT_EQ(stage.talk.up().ends(), kept ? 2u : 1u);
  }
}

// The PING is behind the upload. A slow path is no dead one.
TEST(H2Upstream, APathThatIsSlowIsNotTakenForADeadOne) {
  Congested stage("timeouts.response_header = \"10m\"\ntimeouts.client_body = \"10m\"\nmin_bytes_per_second = \"0\"");
  ASSERT_TRUE(stage.fill());
  Peer& end = stage.talk.end().peer();
  stage.talk.end().answer_pings(false);
  stage.advance(Millis{31'000});
  stage.advance(Millis{5'000});
  end.pause_reading(false);
  end.poll();
  end.pause_reading(true);
  stage.push();
  stage.advance(Millis{6'000});
  ASSERT_FALSE(stage.upload->ended());
  // Until nothing arrives any more.
  stage.advance(Millis{11'000});
  ASSERT_TRUE(stage.talk.answered(*stage.upload));
  EXPECT_THAT(stage.talk.proxy->log(), HasSubstr("no answer to a PING"));
}

}  // namespace
}  // namespace frontdoor::testing
