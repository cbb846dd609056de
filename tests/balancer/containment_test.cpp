// Who is suspected of having killed an upstream, and who is not: deaths and answers in the order they are seen.

#include "balancer/containment.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace frontdoor {
namespace {

using namespace std::chrono_literals;

constexpr Likeness kDie{1, 101};
constexpr Likeness kDieOtherwise{2, 101};  // of the same kind
constexpr Likeness kHome{3, 103};

const TimePoint kStart{1h};

struct Deaths {
  Containment containment;
  TimePoint now = kStart;

  Containment::Verdict died(const Likeness& what, std::uint32_t deaths = 1) { return containment.died(what, deaths, now); }
  void answered(const Likeness& what) {
    if (containment.watching()) containment.answered(what, now);
  }
  bool convicted(const Likeness& what) { return containment.convicting() && containment.convicted(what, now); }
  Deaths& after(Duration time) {
    now += time;
    return *this;
  }
};

TEST(Containment, TheSecondDeathUnderARequestMakesItASuspect) {
  Deaths pool;
  EXPECT_FALSE(pool.died(kDie, 1).repeated);
  EXPECT_TRUE(pool.after(101ms).died(kDie, 2).repeated);
}

TEST(Containment, ASuspectLearnsWhetherOthersStandBesideItAndWhetherItIsCleared) {
  using Suspected = Containment::Suspected;
  Deaths pool;
  pool.died(kDie, 1), pool.died(kHome, 1);
  EXPECT_TRUE(pool.after(101ms).died(kDie, 2).repeated);
  EXPECT_EQ(pool.containment.suspected(kDie, pool.now), Suspected::Alone);
  EXPECT_TRUE(pool.after(99ms).died(kHome, 2).repeated);
  EXPECT_EQ(pool.containment.suspected(kDie, pool.now), Suspected::AmongOthers);
  EXPECT_EQ(pool.containment.suspected(kHome, pool.now), Suspected::AmongOthers);
  pool.after(1ms).answered(kHome);
  EXPECT_EQ(pool.containment.suspected(kHome, pool.now), Suspected::Nobody);
  EXPECT_EQ(pool.containment.suspected(kDie, pool.now), Suspected::AmongOthers) << "until it gives up";
  EXPECT_TRUE(pool.after(101ms).died(kDie, 3).repeated);
  EXPECT_EQ(pool.containment.suspected(kDie, pool.now), Suspected::Alone) << "those of another moment do not count";
}

TEST(Containment, ADeathUnderAnotherRequestDoesNot) {
  Deaths pool;
  EXPECT_FALSE(pool.died(kDie, 1).repeated);
  EXPECT_FALSE(pool.after(1s).died(kDie, 1).repeated) << "the first under this one";
}

TEST(Containment, WhoseLikeIsAnsweredMeanwhileIsNoSuspect) {
  Deaths pool;
  pool.died(kHome, 1);
  pool.after(1ms).answered(kHome);
  EXPECT_FALSE(pool.containment.watching());
  EXPECT_FALSE(pool.after(200ms).died(kHome, 2).repeated) << "it was there by chance";
}

TEST(Containment, AnAnswerToAnotherTargetOfItsKindDoesNotClearIt) {
  Deaths pool;
  pool.died(kDie, 1);
  pool.after(1ms).answered(kDieOtherwise);  // /item/17 kills, /item/18 is answered
  EXPECT_TRUE(pool.after(200ms).died(kDie, 2).repeated);
}

TEST(Containment, AKindThatWasOnThreeDeathsAndNeverAnsweredIsConvicted) {
  Deaths pool;
  EXPECT_FALSE(pool.died(kDie).convicted);
  EXPECT_FALSE(pool.after(1s).died(kDieOtherwise).convicted);
  EXPECT_FALSE(pool.convicted(kDie));
  EXPECT_TRUE(pool.after(1s).died(kDieOtherwise).convicted);
  EXPECT_TRUE(pool.convicted(kDie));
  EXPECT_TRUE(pool.convicted(kDieOtherwise));
  EXPECT_TRUE(pool.convicted({999, kDie.kind})) << "whatever digits it has";
  EXPECT_FALSE(pool.convicted(kHome));
}

TEST(Containment, AConvictionEndsByItself) {
  Deaths pool;
  for (int i = 0; i < 3; ++i) pool.after(1s).died(kDie);
  EXPECT_TRUE(pool.after(29s).convicted(kDie));
  EXPECT_FALSE(pool.after(1s).convicted(kDie));
  pool.answered(kHome);
  EXPECT_FALSE(pool.containment.watching()) << "nothing is left to pay for";
  EXPECT_FALSE(pool.containment.convicting());
}

TEST(Containment, EachFurtherDeathProlongsIt) {
  Deaths pool;
  for (int i = 0; i < 3; ++i) pool.after(1s).died(kDie);
  pool.after(20s).died(kDie);
  EXPECT_TRUE(pool.after(20s).convicted(kDie));
}

TEST(Containment, AnAnswerEndsAConviction) {
  Deaths pool;
  for (int i = 0; i < 3; ++i) pool.after(1s).died(kDie);
  pool.answered(kDie);
  EXPECT_FALSE(pool.convicted(kDie));
}

// kill -9 of one instance every two seconds under 500 GETs of one path a second.
TEST(Containment, TheKindThatASiteLivesOfIsNeverConvicted) {
  Deaths pool;
  for (int death = 0; death < 1'000; ++death) {
    for (int victim = 0; victim < 5; ++victim) EXPECT_FALSE(pool.died(kHome).convicted);
    pool.after(2ms).answered(kHome);
    EXPECT_FALSE(pool.convicted(kHome));
    pool.after(2s);
  }
}

// All four killed by one script: nobody is left to answer, and the outage lasts.
TEST(Containment, DeathsOfOneMomentAreOne) {
  Deaths pool;
  for (int death = 0; death < 4; ++death) EXPECT_FALSE(pool.after(25ms).died(kHome).convicted);
  EXPECT_FALSE(pool.after(20s).convicted(kHome));
}

// 64 requests beside one that kills, on two upstreams: those whose like were answered between the two deaths go free.
TEST(Containment, BystandersAreClearedByTheirLike) {
  Deaths pool;
  std::vector<Likeness> bystanders;
  for (std::uint64_t i = 0; i < 64; ++i) bystanders.push_back({1'000 + i, 2'000 + i % 8});
  const auto all_die = [&](std::uint32_t deaths) {
    std::size_t suspects = 0;
    for (const auto& each : bystanders) suspects += pool.died(each, deaths).repeated;
    return suspects;
  };
  pool.died(kDie, 1);
  EXPECT_EQ(all_die(1), 0u);
  for (std::size_t i = 0; i < 60; ++i) pool.answered(bystanders[i]);
  pool.after(150ms);
  EXPECT_TRUE(pool.died(kDie, 2).repeated);
  EXPECT_EQ(all_die(2), 4u);
}

TEST(Containment, IsBoundedAndKeepsWhomItSuspectsMost) {
  Deaths pool;
  pool.died(kDie), pool.after(1s).died(kDie);
  for (std::uint64_t i = 0; i < 10'000; ++i) pool.after(1ms).died({10'000 + i, 900'000 + i});
  EXPECT_TRUE(pool.died(kDie).convicted) << "those that were on one death only made room for each other";
  EXPECT_TRUE(pool.convicted(kDie));
}

TEST(Containment, ReportsNowAndThenHowManyItSuspects) {
  Containment containment;
  EXPECT_EQ(containment.note_suspect(kStart), 1u);
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(containment.note_suspect(kStart + 1s).has_value());
  EXPECT_EQ(containment.note_suspect(kStart + 10s), 51u);
  EXPECT_EQ(containment.suspects(), 52u);
}

TEST(Containment, IsForManyThreads) {
  Containment containment;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (std::uint64_t i = 0; i < 2'000; ++i) {
        const Likeness what{i % 7 + 1, i % 5 + 100};
        const TimePoint now = kStart + i * 10ms;
        containment.died(what, 1, now);
        if (containment.watching()) containment.answered(what, now);
        if (containment.convicting()) containment.convicted(what, now);
        containment.note_suspect(now);
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(containment.suspects(), 8'000u);
  for (std::uint64_t i = 1; i <= 7; ++i) containment.answered({i, i + 99}, kStart);
  EXPECT_FALSE(containment.watching());
}

TEST(PauseAfterDeath, SpreadsThoseThatWait) {
  EXPECT_EQ(pause_after_death(0), Duration{100ms});
  EXPECT_EQ(pause_after_death(2), Duration{103ms});
  EXPECT_LT(pause_after_death(10'000), Duration{200ms}) << "nobody waits for long";
}

}  // namespace
}  // namespace frontdoor
