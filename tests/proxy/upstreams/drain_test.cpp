// When each tunnel of a drain is closed.

#include "proxy/upstreams/drain.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace frontdoor {
namespace {

using namespace std::chrono_literals;

const TimePoint kDrainStart{1h};

std::vector<TimePoint> moments(const DrainWindow& window, std::size_t count) {
  std::vector<TimePoint> all;
  for (std::size_t i = 0; i < count; ++i) all.push_back(closing_moment(window, i, count));
  std::sort(all.begin(), all.end());
  return all;
}

TEST(Drain, TunnelsAreSpreadEvenlyOverTheWindow) {
  const DrainWindow window{kDrainStart, kDrainStart + 25s};
  for (const std::size_t count : {200u, 1'000u, 15'000u}) {
    const auto all = moments(window, count);
    EXPECT_EQ(all.front(), kDrainStart);
    EXPECT_LE(all.back(), kDrainStart + 20s) << "time is left for answers";
    for (int second = 0; second < 20; ++second) {
      const auto in = std::count_if(all.begin(), all.end(), [&](TimePoint at) {
        return at >= kDrainStart + second * 1s && at < kDrainStart + (second + 1) * 1s;
      });
      EXPECT_NEAR(static_cast<double>(in), static_cast<double>(count) / 20, 2) << "second " << second;
    }
  }
}

TEST(Drain, AFewTakeOnlyAsLongAsTheyNeed) {
  const DrainWindow window{kDrainStart, kDrainStart + 25s};
  EXPECT_EQ(moments(window, 1).back(), kDrainStart);
  const auto ten = moments(window, 10);
  EXPECT_LE(ten.back(), kDrainStart + 1s);
  for (std::size_t i = 1; i < ten.size(); ++i) EXPECT_GE(ten[i] - ten[i - 1], 30ms);
}

TEST(Drain, ThoseThatBeginLaterFitIn) {
  const DrainWindow window{kDrainStart, kDrainStart + 25s};
  for (std::size_t late = 1'000; late < 1'100; ++late) {
    const TimePoint at = closing_moment({kDrainStart + 10s, window.until}, late, late + 1);
    EXPECT_GE(at, kDrainStart + 10s);
    EXPECT_LE(at, kDrainStart + 22s);
  }
}

TEST(Drain, AnEmptyWindowClosesAtOnce) {
  for (const Duration length : {0s, -1s}) {
    const DrainWindow window{kDrainStart, kDrainStart + length};
    EXPECT_EQ(closing_moment(window, 7, 9), kDrainStart);
    EXPECT_EQ(answers_until(window), window.until);
  }
}

TEST(Drain, AnswersAreWaitedForUntilShortlyBeforeTheEnd) {
  const DrainWindow window{kDrainStart, kDrainStart + 10s};
  EXPECT_GT(answers_until(window), moments(window, 1'000).back());
  EXPECT_LT(answers_until(window), window.until);
}

TEST(Drain, IdleConnectionsAreGoneInLessThanHalfASecond) {
  struct {
    Duration idle;
    std::size_t index, count;
    Duration at;
  } cases[] = {
      {10s, 0, 1, 0s},          // nobody has used it for long
      {0s, 0, 1, 300ms},        // used just now
      {100ms, 0, 1, 200ms},     //
      {10s, 1, 2, 123'606us},   // spread
      {10s, 1, 1'000, 247'213us},
      {0s, 2, 1'000, 300ms},
      {0s, 4, 1'000, 300ms},
      {-1s, 0, 1, 400ms},       // never later than that
  };
  for (const auto& c : cases) {
    const auto at = closing_moment_of_idle(kDrainStart, IdleKind::Served, kDrainStart - c.idle, c.index, c.count) - kDrainStart;
    EXPECT_EQ(std::chrono::duration_cast<std::chrono::microseconds>(at), c.at) << c.index << " of " << c.count;
  }
  for (std::size_t i = 0; i < 10'000; ++i)
    EXPECT_LE(closing_moment_of_idle(kDrainStart, IdleKind::Served, kDrainStart, i, 10'000), kDrainStart + 400ms);
}

TEST(Drain, OneThatHasJustConnectedIsGivenTimeForItsFirstRequest) {
  const auto at = [](Duration idle, std::size_t index = 0, std::size_t count = 1) {
    return closing_moment_of_idle(kDrainStart, IdleKind::Unused, kDrainStart - idle, index, count) - kDrainStart;
  };
  EXPECT_EQ(at(0s), 2s);
  EXPECT_EQ(at(1s), 1s);
  EXPECT_EQ(at(-1s), 2s) << "a stop does not wait longer for anybody";
  EXPECT_EQ(at(1min), 0s) << "one that said nothing for so long has nothing to say";
  EXPECT_GT(at(1min, 1, 1'000), 0s) << "spread";
}

TEST(Drain, StreamsHaveHalfOfTheirTimeAndAreSpreadOverTheOther) {
  StreamDrain drain;
  EXPECT_EQ(drain.next_moment(kDrainStart, 10s), TimePoint::max()) << "nothing is drained";
  drain.begin({kDrainStart, kDrainStart + 25s});
  std::vector<TimePoint> all;
  for (int i = 0; i < 1'000; ++i) all.push_back(drain.next_moment(kDrainStart - 1s, 10s));
  std::sort(all.begin(), all.end());
  EXPECT_GE(all.front(), kDrainStart + 5s);
  EXPECT_LT(all.back(), kDrainStart + 10s);
  for (int second = 5; second < 10; ++second) {
    const auto in = std::count_if(all.begin(), all.end(), [&](TimePoint at) {
      return at >= kDrainStart + second * 1s && at < kDrainStart + (second + 1) * 1s;
    });
    EXPECT_NEAR(static_cast<double>(in), 200, 3) << "second " << second;
  }
}

TEST(Drain, StreamsAreBoundedByTheDrainAndCountFromWhenTheyBegan) {
  StreamDrain drain;
  drain.begin({kDrainStart, kDrainStart + 25s});
  EXPECT_EQ(drain.next_moment(kDrainStart, 100s), kDrainStart + 12500ms);
  const TimePoint late = drain.next_moment(kDrainStart + 24s, 10s);
  EXPECT_GE(late, kDrainStart + 24500ms);
  EXPECT_LT(late, kDrainStart + 25s);
  EXPECT_EQ(drain.next_moment(kDrainStart + 26s, 10s), kDrainStart + 26s) << "at once";
  EXPECT_EQ(drain.next_moment(kDrainStart, 0s), kDrainStart) << "at once";
}

}  // namespace
}  // namespace frontdoor
