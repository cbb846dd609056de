// When a silent upstream is asked whether it is there.

#include "http2/keep_alive.h"

#include <gtest/gtest.h>

namespace frontdoor::http2 {
namespace {

using namespace std::chrono_literals;
using Due = KeepAlive::Due;

constexpr TimePoint at(Duration since_start) { return TimePoint{} + 1h + since_start; }

TEST(KeepAlive, AsksAfterSilenceAndBelievesAnyByte) {
  KeepAlive alive(at(0s), {});
  EXPECT_EQ(alive.look(at(29s)), Due::Nothing);
  EXPECT_EQ(alive.next(), at(30s));
  EXPECT_EQ(alive.look(at(30s)), Due::Ping);
  alive.asked(at(30s));
  EXPECT_EQ(alive.look(at(39s)), Due::Nothing);
  EXPECT_EQ(alive.look(at(40s)), Due::Dead);
  alive.heard(at(39s));
  EXPECT_EQ(alive.look(at(100s)), Due::Nothing);
}

TEST(KeepAlive, SilenceBeginsWithWhatWeSayToo) {
  KeepAlive alive(at(0s), {});
  alive.said(at(20s));
  EXPECT_EQ(alive.next(), at(50s));
  alive.heard(at(10s));
  EXPECT_EQ(alive.next(), at(50s));
  alive.heard(at(30s));
  EXPECT_EQ(alive.next(), at(60s));
}

// Whoever has lost its path is sent one request after the other and answers none.
TEST(KeepAlive, MoreAndMoreThatIsSaidDoesNotPutItOff) {
  KeepAlive alive(at(0s), {});
  alive.said(at(100s));
  alive.heard(at(101s));
  for (Duration t = 200s; t < 230s; t += 1s) {
    alive.said(at(t));
    EXPECT_EQ(alive.look(at(t)), Due::Nothing);
  }
  alive.said(at(230s));
  EXPECT_EQ(alive.look(at(230s)), Due::Ping);
  alive.asked(at(230s));
  alive.said(at(239s));
  EXPECT_EQ(alive.look(at(239s)), Due::Nothing);
  EXPECT_EQ(alive.look(at(240s)), Due::Dead);
}

// As a gRPC server counts them: no more than two that come within five minutes, since its last data.
TEST(KeepAlive, NeverEarnsTooManyPings) {
  for (const bool we_send : {false, true}) {
    KeepAlive alive(at(0s), {});
    TimePoint last_ping{};
    int strikes = 0, pings = 0;
    for (Duration t = 0s; t < 24h; t += 1s) {
      if (we_send && t % 40s == 0s) alive.said(at(t));
      if (alive.look(at(t)) != Due::Ping) continue;
      ++pings;
      if (last_ping != TimePoint{} && at(t) < last_ping + 5min) ++strikes;
      last_ping = at(t);
      alive.asked(at(t));
      alive.heard(at(t));  // its answer, which is no data
    }
    EXPECT_EQ(strikes, 0) << we_send;
    EXPECT_GT(pings, 200) << we_send;
  }
}

TEST(KeepAlive, DataOfTheUpstreamLetsItAskSooner) {
  KeepAlive alive(at(0s), {});
  alive.asked(at(30s));
  alive.heard(at(31s));
  EXPECT_EQ(alive.next(), at(340s));
  alive.heard(at(50s));
  alive.data_came();
  EXPECT_EQ(alive.next(), at(80s));
}

TEST(KeepAlive, AComplaintDoublesTheInterval) {
  const Duration longer = KeepAlive::after_complaint({});
  EXPECT_EQ(longer, 620s);
  KeepAlive alive(at(0s), longer);
  alive.asked(at(30s));
  alive.heard(at(31s));
  EXPECT_EQ(alive.next(), at(650s));
  Duration most{};
  for (int i = 0; i < 20; ++i) most = KeepAlive::after_complaint(most);
  EXPECT_EQ(most, KeepAlive::kLongestBetween);
}

}  // namespace
}  // namespace frontdoor::http2
