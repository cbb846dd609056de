// How many connections a listener asks for: as many as come, without asking in vain.

#include "proxy/server/accept_batch.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace frontdoor {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kBatchStart{std::chrono::hours{1}};

// Turns a millisecond apart at most, into each of which `arrive` clients come. How often it asked in vain,
// and who is left waiting.
struct Played {
  unsigned in_vain = 0;
  unsigned most_waiting = 0;
  unsigned waiting = 0;
};
Played play(AcceptBatch& batch, unsigned arrive, int turns, Duration apart) {
  Played played;
  TimePoint now = kBatchStart;
  for (int turn = 0; turn < turns; ++turn, now += apart) {
    played.waiting += arrive;
    played.most_waiting = std::max(played.most_waiting, played.waiting);
    if (played.waiting == 0) continue;
    const unsigned taken = std::min(batch.size(), played.waiting);
    played.waiting -= taken;
    if (taken == batch.size()) {
      batch.all_came(now);
    } else {
      ++played.in_vain;
      batch.fewer_came(taken);
    }
  }
  return played;
}

TEST(AcceptBatch, ClientsThatComeOneByOneAreNeverAskedForInVain) {
  AcceptBatch batch;
  EXPECT_EQ(play(batch, 1, 10'000, 2ms).in_vain, 0u);
  EXPECT_EQ(batch.size(), 1u);
}

TEST(AcceptBatch, ABusyListenerAsksInVainOnceInFiveTurnsAtMost) {
  for (const unsigned arrive : {1u, 3u, 7u}) {
    AcceptBatch batch;
    const Played played = play(batch, arrive, 900, 100us);
    EXPECT_LE(played.in_vain, 180u) << arrive;
    EXPECT_LE(played.waiting, arrive) << arrive << ": nobody is left behind";
  }
}

TEST(AcceptBatch, AFloodIsTakenInLargeBatchesAndNoLarger) {
  AcceptBatch batch;
  const Played played = play(batch, 16, 1'000, 100us);
  EXPECT_EQ(batch.size(), AcceptBatch::kMost);
  EXPECT_EQ(played.in_vain, 0u);
  EXPECT_LT(played.most_waiting, 250u) << "what came before it had grown waits, and no more";
}

TEST(AcceptBatch, IsSmallAgainWhenFewerCome) {
  AcceptBatch batch;
  play(batch, 20, 200, 100us);
  for (const unsigned size : {8u, 4u, 2u, 1u, 1u}) {
    batch.fewer_came(0);
    EXPECT_EQ(batch.size(), size) << "it never stops asking";
  }
}

}  // namespace
}  // namespace frontdoor
