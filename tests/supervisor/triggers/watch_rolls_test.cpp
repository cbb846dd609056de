// When changed files lead to a roll, and how an app that changes them itself is kept from being rolled for ever.

#include "supervisor/triggers/watch_rolls.h"

#include <gtest/gtest.h>

#include <chrono>

namespace frontdoor {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

TimePoint at(Duration since) { return TimePoint{std::chrono::hours(1)} + since; }

TEST(Settling, ABurstIsOne) {
  Settling settling;
  EXPECT_FALSE(settling.due());
  settling.changed(at(Millis(0)));
  EXPECT_EQ(settling.due(), at(Millis(100)));
  settling.changed(at(Millis(60)));
  EXPECT_EQ(settling.due(), at(Millis(160)));
  settling.settled();
  EXPECT_FALSE(settling.due());
}

TEST(Settling, WhatNeverSettlesIsLookedAtNevertheless) {
  Settling settling;
  for (int ms = 0; ms <= 990; ms += 10) settling.changed(at(Millis(ms)));
  EXPECT_EQ(settling.due(), at(Millis(1'000)));
  settling.settled();
  settling.changed(at(Millis(1'010)));
  EXPECT_EQ(settling.due(), at(Millis(1'110)));
}

TEST(WatchRolls, AChangeIsARollThatNamesItsFile) {
  WatchRolls rolls;
  EXPECT_FALSE(rolls.due());
  rolls.changed({}, at(seconds(0)));
  EXPECT_FALSE(rolls.due());
  rolls.changed({"server.js"}, at(seconds(0)));
  ASSERT_TRUE(rolls.due());
  EXPECT_LE(*rolls.due(), at(seconds(0)));
  const auto roll = rolls.begin();
  EXPECT_EQ(roll.files, "server.js");
  EXPECT_FALSE(roll.told_loop);
  EXPECT_FALSE(rolls.due());
  rolls.ended(at(seconds(1)));
  EXPECT_FALSE(rolls.due());
}

TEST(WatchRolls, SeveralChangesAreOneRoll) {
  WatchRolls rolls;
  rolls.changed({"a.js", "b.js"}, at(seconds(0)));
  rolls.changed({"a.js", "c.js"}, at(seconds(0)));
  EXPECT_EQ(rolls.begin().files, "a.js and 2 more");
}

TEST(WatchRolls, OneThatWasInterruptedIsDueAgain) {
  WatchRolls rolls;
  rolls.interrupted(at(seconds(0)));
  EXPECT_FALSE(rolls.due());
  rolls.changed({"a.js", "b.js"}, at(seconds(0)));
  rolls.begin();
  rolls.interrupted(at(seconds(1)));
  ASSERT_TRUE(rolls.due());
  EXPECT_LE(*rolls.due(), at(seconds(1)));
  EXPECT_EQ(rolls.begin().files, "a.js");
}

TEST(WatchRolls, OfAThousandFilesOneIsNamed) {
  WatchRolls rolls;
  std::vector<std::string> many;
  for (int i = 0; i < 1'000; ++i) many.push_back(std::to_string(i));
  rolls.changed(many, at(seconds(0)));
  EXPECT_EQ(rolls.begin().files, "0 and 999 more");
}

TEST(WatchRolls, AChangeDuringARollMakesOneMoreAfterwards) {
  WatchRolls rolls;
  rolls.changed({"a.js"}, at(seconds(0)));
  rolls.begin();
  rolls.changed({"b.js"}, at(seconds(1)));
  rolls.changed({"c.js"}, at(seconds(2)));
  EXPECT_FALSE(rolls.due());
  rolls.ended(at(seconds(5)));
  EXPECT_EQ(rolls.due(), at(seconds(5)));
  EXPECT_EQ(rolls.begin().files, "b.js and 1 more");
}

// A second for each roll; in the middle of it the app writes `file`.
class Loop {
 public:
  WatchRolls::Roll roll(const char* file) {
    const WatchRolls::Roll one = rolls.begin();
    now += seconds(1);
    if (file) rolls.changed({file}, now);
    now += seconds(1);
    rolls.ended(now);
    return one;
  }
  Duration pause() const { return *rolls.due() - now; }

  WatchRolls rolls;
  TimePoint now = at(seconds(0));
};

TEST(WatchRolls, AnAppThatWritesAtItsStartIsToldOnceAndSpacedOut) {
  Loop loop;
  loop.rolls.changed({"server.js"}, loop.now);
  for (int i = 0; i < 3; ++i) {
    const auto roll = loop.roll("cache.json");
    EXPECT_FALSE(roll.told_loop);
    EXPECT_EQ(roll.pause, Duration{});
    EXPECT_EQ(loop.pause(), Duration{}) << i;
  }
  Duration expected = seconds(10);
  for (int i = 0; i < 10; ++i) {
    const auto roll = loop.roll("cache.json");
    EXPECT_EQ(roll.told_loop, i == 0);
    EXPECT_EQ(roll.files, "cache.json");
    EXPECT_EQ(roll.pause, expected);
    EXPECT_EQ(loop.pause(), expected);
    loop.now += expected;
    expected = std::min<Duration>(expected * 2, minutes(10));
  }
}

TEST(WatchRolls, AFileThatBearsAnotherNameEachTimeIsALoop) {
  Loop loop;
  loop.rolls.changed({"server.js"}, loop.now);
  bool told = false;
  for (int i = 0; i < 4; ++i) told = loop.roll(("cache-" + std::to_string(i)).c_str()).told_loop;
  EXPECT_TRUE(told);
  EXPECT_EQ(loop.pause(), seconds(10));
}

TEST(WatchRolls, WhatAnAppWritesJustAfterItCameUpIsAnEcho) {
  Loop loop;
  loop.rolls.changed({"server.js"}, loop.now);
  for (int i = 0; i < 4; ++i) {
    loop.roll(nullptr);
    loop.now += Millis(1'999);
    loop.rolls.changed({"cache.json"}, loop.now);
  }
  EXPECT_EQ(*loop.rolls.due(), loop.now + seconds(10) - Millis(1'999));
}

TEST(WatchRolls, InALoopSomebodysSaveIsRolledAtOnce) {
  Loop loop;
  loop.rolls.changed({"server.js"}, loop.now);
  for (int i = 0; i < 4; ++i) loop.roll("cache.json");
  loop.now += seconds(5);
  loop.rolls.changed({"cache.json"}, loop.now);
  EXPECT_GT(loop.pause(), Duration{});
  loop.rolls.changed({"server.js"}, loop.now);
  EXPECT_LE(loop.pause(), Duration{});
  loop.roll("cache.json");
  EXPECT_GT(loop.pause(), Duration{});  // and the loop is still one
}

TEST(WatchRolls, ALoopEndsWithARollThatHasNoEcho) {
  Loop loop;
  loop.rolls.changed({"server.js"}, loop.now);
  for (int i = 0; i < 5; ++i) loop.roll("cache.json");
  loop.now += loop.pause();
  loop.roll(nullptr);
  loop.now += minutes(1);
  loop.rolls.changed({"cache.json"}, loop.now);
  EXPECT_LE(loop.pause(), Duration{});
  EXPECT_EQ(loop.roll(nullptr).pause, Duration{});
}

TEST(WatchRolls, WhoSavesOftenIsNoLoop) {
  Loop loop;
  for (int i = 0; i < 20; ++i) {
    loop.rolls.changed({"server.js"}, loop.now);
    EXPECT_LE(loop.pause(), Duration{});
    EXPECT_EQ(loop.roll(nullptr).pause, Duration{});
    loop.now += seconds(3);
  }
}

}  // namespace
}  // namespace frontdoor
