#include "proxy/upstreams/idle_limit.h"

#include <gtest/gtest.h>

namespace frontdoor {
namespace {

using namespace std::chrono_literals;

TEST(IdleLimit, StaysBelowTheUpstreamsOwn) {
  struct {
    Millis configured, learned;
    Duration limit;
  } cases[] = {
      {60s, 0ms, 4s},  {2s, 0ms, 2s},        {60s, 5s, 4s},      {60s, 75s, 60s},
      {60s, 2s, 1s},   {60s, 300ms, 150ms},  {60s, 1ms, 1ms},    {100ms, 5s, 100ms},
  };
  for (const auto& c : cases)
    EXPECT_EQ(idle_limit(c.configured, c.learned), c.limit) << c.configured.count() << ' ' << c.learned.count();
}

TEST(IdleLimit, ReadsKeepAlive) {
  struct {
    const char* value;
    std::optional<Millis> limit;
  } cases[] = {
      {"timeout=5", 5s},         {"timeout=5, max=100", 5s}, {"max=100, timeout=30", 30s}, {"timeout=0", 0s},
      {"timeout=", std::nullopt}, {"timeout=x", std::nullopt}, {"max=100", std::nullopt},   {"", std::nullopt},
      {"timeout=-5", std::nullopt},
  };
  for (const auto& c : cases) EXPECT_EQ(keep_alive_timeout(c.value), c.limit) << c.value;
  EXPECT_GT(*keep_alive_timeout("timeout=99999999999999999999"), 86'400s) << "large, not overflown";
}

TEST(ObservedCloses, TwoAtTheSameAgeAreARule) {
  ObservedCloses closes;
  const TimePoint start{100s};
  EXPECT_EQ(closes.note(302ms, start), std::nullopt) << "one proves nothing";
  EXPECT_EQ(closes.note(298ms, start + 1s), 298ms) << "the shorter one";
  EXPECT_EQ(closes.note(310ms, start + 2s), 298ms);
}

TEST(ObservedCloses, ARestartTeachesNothing) {
  ObservedCloses closes;
  const TimePoint start{100s};
  EXPECT_EQ(closes.note(300ms, start), std::nullopt);
  EXPECT_EQ(closes.note(300ms, start + 5ms), std::nullopt) << "all in the same moment";
  EXPECT_EQ(closes.note(1700ms, start + 10s), std::nullopt) << "another age";
  EXPECT_EQ(closes.note(40ms, start + 20s), std::nullopt);
}

TEST(ObservedCloses, ToleratesAnEighth) {
  ObservedCloses closes;
  const TimePoint start{100s};
  EXPECT_EQ(closes.note(5s, start), std::nullopt);
  EXPECT_EQ(closes.note(5600ms, start + 10s), 5s);
  EXPECT_EQ(closes.note(7s, start + 20s), std::nullopt);
}

}  // namespace
}  // namespace frontdoor
