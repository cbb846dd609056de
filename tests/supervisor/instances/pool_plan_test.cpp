// What is done with a pool's instances, whatever is asked of them and in whatever order.

#include "supervisor/instances/pool_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

namespace frontdoor {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using Step = PlanStep::What;
using Found = Fulfilment::What;

// A pool whose steps are carried out at once, or one at a time when the test says so.
struct PlannedPool {
  PoolPlan plan;
  std::map<unsigned, PlaceView> places;
  Tick tick = 0;
  bool bad_release = false;
  unsigned starts = 0;
  unsigned most_processes = 0;

  explicit PlannedPool(unsigned instances, double share = 0.25) {
    configure(instances, share);
    finish();
  }
  void configure(unsigned instances, double share = 0.25) { plan.configure(instances, share, ++tick); }

  std::vector<PlaceView> views() const {
    std::vector<PlaceView> all;
    for (const auto& [number, place] : places) all.push_back(place);
    return all;
  }
  std::vector<PlanStep> next() const { return plan.next(views()); }

  Wish ask(Wish wish) {
    wish.asked = ++tick;
    plan.ask(wish);
    return wish;
  }
  Wish restart(std::optional<unsigned> number = {}, RestartHow how = RestartHow::Rolling) {
    return ask({.what = Wish::What::Restart, .number = number, .how = how, .reason = "asked"});
  }
  Wish stop(std::optional<unsigned> number = {}) { return ask({.what = Wish::What::Stop, .number = number}); }
  Wish start(std::optional<unsigned> number = {}) { return ask({.what = Wish::What::Start, .number = number}); }
  Wish scale(unsigned count) { return ask({.what = Wish::What::Scale, .count = count}); }
  Found look(const Wish& wish) const { return plan.look(wish, views()).what; }

  void begin(const PlanStep& step) {
    PlaceView& place = places[step.number];
    place.number = step.number;
    switch (step.what) {
      case Step::Start:
      case Step::RestartNow:
        place.serving = true;
        come_up(place);
        break;
      case Step::Replace:
        place.proving = true;
        break;
      case Step::Retire:
        place.serving = false;
        place.leaving = true;
        break;
    }
    count();
  }
  void come_up(PlaceView& place) {
    ++starts;
    place.born = ++tick;
    place.idle = place.failed = bad_release;
    place.was_up = !bad_release;
    place.current = true;
  }
  // What is under way comes to its end: new ones are up, or not, old ones are gone.
  void proceed() {
    for (auto& [number, place] : places) {
      if (place.proving) {
        place.proving = false;
        if (!plan.wanted(number)) {
          // the new one is given up
        } else if (bad_release) {
          plan.replacement_failed(++tick);
        } else {
          come_up(place);
          place.leaving = true;
          count();
          continue;
        }
      }
      place.leaving = false;
    }
    std::erase_if(places, [](const auto& entry) {
      return !entry.second.serving && !entry.second.leaving && !entry.second.proving;
    });
  }
  void finish() {
    for (int round = 0; round < 200; ++round) {
      const auto steps = next();
      for (const PlanStep& step : steps) begin(step);
      const bool busy = std::any_of(places.begin(), places.end(), [](const auto& entry) {
        return entry.second.proving || entry.second.leaving;
      });
      if (steps.empty() && !busy) return;
      proceed();
    }
    FAIL() << "it never comes to rest";
  }
  unsigned serving() const {
    return static_cast<unsigned>(
        std::count_if(places.begin(), places.end(), [](const auto& entry) { return entry.second.serving; }));
  }
  void count() {
    unsigned now = 0;
    for (const auto& [number, place] : places) now += unsigned{place.serving} + place.proving + place.leaving;
    most_processes = std::max(most_processes, now);
  }
};

TEST(PoolPlan, StartsWhatIsMissingAndRetiresWhatIsTooMuch) {
  PlannedPool pool(2);
  EXPECT_EQ(pool.serving(), 2u);
  pool.configure(4);
  EXPECT_THAT(pool.next(), ElementsAre(PlanStep{Step::Start, 3}, PlanStep{Step::Start, 4}));
  pool.finish();
  pool.configure(1);
  EXPECT_THAT(pool.next(), ElementsAre(PlanStep{Step::Retire, 2}, PlanStep{Step::Retire, 3}, PlanStep{Step::Retire, 4}));
  pool.finish();
  pool.configure(0);
  EXPECT_THAT(pool.next(), ElementsAre(PlanStep{Step::Retire, 1}));
}

TEST(PoolPlan, ARollReplacesSoManyAtATime) {
  const struct {
    unsigned instances;
    double share;
    unsigned at_a_time;
  } cases[] = {{1, 0.25, 1}, {4, 0.25, 1}, {8, 0.25, 2}, {4, 0.5, 2}, {4, 1.0, 4}, {3, 0.0, 1}};
  for (const auto& c : cases) {
    PlannedPool pool(c.instances, c.share);
    pool.restart();
    EXPECT_EQ(pool.next().size(), c.at_a_time) << c.instances << " of which " << c.share;
    pool.most_processes = 0;
    pool.finish();
    EXPECT_EQ(pool.starts, 2 * c.instances);
    EXPECT_EQ(pool.most_processes, c.instances + c.at_a_time);
  }
}

TEST(PoolPlan, ARestartIsDoneWhenAllAreYounger) {
  PlannedPool pool(3);
  const Wish wish = pool.restart();
  EXPECT_EQ(pool.look(wish), Found::Pending);
  for (int replaced = 0; replaced < 3; ++replaced) {
    for (const PlanStep& step : pool.next()) pool.begin(step);
    EXPECT_EQ(pool.look(wish), Found::Pending);
    pool.proceed();  // the new one is up, and the old one leaves
    pool.proceed();  // and is gone
  }
  EXPECT_EQ(pool.look(wish), Found::Done);
  EXPECT_THAT(pool.next(), IsEmpty());
}

TEST(PoolPlan, OneOfThemAlone) {
  PlannedPool pool(3);
  const Wish wish = pool.restart(2);
  EXPECT_THAT(pool.next(), ElementsAre(PlanStep{Step::Replace, 2}));
  pool.finish();
  EXPECT_EQ(pool.starts, 4u);
  EXPECT_EQ(pool.look(wish), Found::Done);
}

TEST(PoolPlan, RestartsThatComeDuringARollJoinTheNextOne) {
  PlannedPool pool(4);
  const Wish first = pool.restart();
  for (const PlanStep& step : pool.next()) pool.begin(step);
  pool.proceed();
  std::vector<Wish> later;
  for (int i = 0; i < 10; ++i) later.push_back(pool.restart());
  pool.finish();
  EXPECT_EQ(pool.look(first), Found::Done);
  for (const Wish& wish : later) EXPECT_EQ(pool.look(wish), Found::Done);
  EXPECT_EQ(pool.starts, 4u + 1 + 4) << "the one that was rolled before is rolled again, the others once";
}

TEST(PoolPlan, WithoutAProcessThereIsNothingToRoll) {
  PlannedPool pool(2);
  pool.places[2].idle = true;
  pool.places[2].was_up = false;
  const Wish wish = pool.restart();
  EXPECT_THAT(pool.next(), UnorderedElementsAre(PlanStep{Step::Replace, 1}, PlanStep{Step::RestartNow, 2}));
  pool.finish();
  EXPECT_EQ(pool.look(wish), Found::Done);
}

TEST(PoolPlan, NowIsAllAtOnceAndInPlace) {
  PlannedPool pool(3);
  const Wish wish = pool.restart({}, RestartHow::Now);
  EXPECT_THAT(pool.next(), ElementsAre(PlanStep{Step::RestartNow, 1}, PlanStep{Step::RestartNow, 2},
                                       PlanStep{Step::RestartNow, 3}));
  pool.places[1].born = pool.places[2].born = pool.places[3].born = kNotBornYet;  // as long as they are stopped
  EXPECT_THAT(pool.next(), IsEmpty());
  EXPECT_EQ(pool.look(wish), Found::Pending);
  for (auto& [number, place] : pool.places) pool.come_up(place);
  EXPECT_EQ(pool.look(wish), Found::Done);
}

TEST(PoolPlan, OneThatWaitsToBeStartedIsYoungEnough) {
  PlannedPool pool(1);
  pool.places[1].born = kNotBornYet;
  pool.places[1].was_up = false;
  const Wish wish = pool.restart();
  EXPECT_THAT(pool.next(), IsEmpty());
  EXPECT_EQ(pool.look(wish), Found::Pending);
  pool.come_up(pool.places[1]);
  EXPECT_EQ(pool.look(wish), Found::Done);
}

TEST(PoolPlan, ABadReleaseEndsTheRollAndTheOldOnesStay) {
  PlannedPool pool(4);
  const unsigned before = pool.starts;
  pool.bad_release = true;
  const Wish wish = pool.restart();
  const Wish other = pool.restart(3);
  pool.finish();
  EXPECT_EQ(pool.starts, before);
  EXPECT_EQ(pool.serving(), 4u);
  EXPECT_EQ(pool.look(wish), Found::Failed);
  EXPECT_EQ(pool.look(other), Found::Failed);
  EXPECT_THAT(pool.next(), IsEmpty());

  pool.bad_release = false;
  const Wish again = pool.restart();
  pool.finish();
  EXPECT_EQ(pool.look(again), Found::Done);
}

TEST(PoolPlan, ARestartThatWasAskedBehindTheFailedStartIsTriedAgain) {
  PlannedPool pool(2);
  const Wish first = pool.restart();
  for (const PlanStep& step : pool.next()) pool.begin(step);
  const Tick born = ++pool.tick;
  const Wish second = pool.restart();  // the release was repaired meanwhile
  pool.places[1].proving = false;
  pool.plan.replacement_failed(born);
  EXPECT_EQ(pool.look(first), Found::Failed);
  EXPECT_EQ(pool.look(second), Found::Pending);
  pool.finish();
  EXPECT_EQ(pool.look(second), Found::Done);
}

TEST(PoolPlan, AnotherCommandRollsAndABadOneIsNotTriedForEver) {
  PlannedPool pool(2);
  for (auto& [number, place] : pool.places) place.current = false;
  pool.configure(2);
  const Wish fit = pool.ask({.what = Wish::What::Fit});
  EXPECT_THAT(pool.next(), ElementsAre(PlanStep{Step::Replace, 1}));
  pool.bad_release = true;
  pool.finish();
  EXPECT_EQ(pool.look(fit), Found::Failed);
  EXPECT_THAT(pool.next(), IsEmpty());

  pool.bad_release = false;
  pool.configure(2);  // the file is read again
  const Wish again = pool.ask({.what = Wish::What::Fit});
  pool.finish();
  EXPECT_EQ(pool.look(again), Found::Done);
  EXPECT_TRUE(pool.places[1].current && pool.places[2].current);
}

TEST(PoolPlan, ARestartThatFailsIsNoFailureOfAConfigThatIsMet) {
  for (const bool met : {true, false}) {
    PlannedPool pool(2);
    const Wish fit = pool.ask({.what = Wish::What::Fit});
    const Wish restart = pool.restart();
    pool.places[2].current = met;
    pool.plan.replacement_failed(++pool.tick);
    EXPECT_EQ(pool.look(restart), Found::Failed);
    EXPECT_EQ(pool.look(fit), met ? Found::Done : Found::Failed);
  }
}

TEST(PoolPlan, WhatServedIsKeptUntilTheConfigIsAskedForAgain) {
  PlannedPool pool(2);
  EXPECT_FALSE(pool.plan.keeps_what_served());
  const auto fail = [&] {
    for (auto& [number, place] : pool.places) place.current = false;
    pool.configure(2);
    pool.bad_release = true;
    EXPECT_FALSE(pool.plan.keeps_what_served()) << "it is asked for";
    pool.finish();
    pool.bad_release = false;
    EXPECT_TRUE(pool.plan.keeps_what_served());
  };
  fail();
  // A fresh process, more of them, and those that were stopped: nobody has asked for what failed.
  pool.ask({.what = Wish::What::Restart, .number = 1, .with = RestartWith::Served, .reason = "hung"});
  EXPECT_THAT(pool.next(), ElementsAre(PlanStep{Step::Replace, 1}));
  pool.stop(2);
  pool.start(2);
  pool.scale(3);
  EXPECT_TRUE(pool.plan.keeps_what_served());
  pool.restart();
  EXPECT_FALSE(pool.plan.keeps_what_served());
  fail();
  pool.configure(2);
  EXPECT_FALSE(pool.plan.keeps_what_served());
}

TEST(PoolPlan, WhatHasJustEndedAndComesBackAsItWasIsReplacedBesideThat) {
  PlannedPool pool(2, 1.0);
  for (auto& [number, place] : pool.places) place.current = false;
  pool.places[1].idle = true;
  pool.configure(2, 1.0);
  EXPECT_THAT(pool.next(), ElementsAre(PlanStep{Step::Replace, 1}, PlanStep{Step::Replace, 2}));
}

TEST(PoolPlan, AConfigDoesNotFitByWhatWasUpInALifeBefore) {
  PlannedPool pool(1);
  pool.configure(1);
  const Wish fit = pool.ask({.what = Wish::What::Fit});
  pool.places[1].idle = true;
  EXPECT_EQ(pool.look(fit), Found::Done) << "it pauses, and nothing was asked of it";
  pool.places[1].born = kNotBornYet;
  EXPECT_EQ(pool.look(fit), Found::Pending);
}

TEST(PoolPlan, WhatIsStoppedStaysStoppedUntilItIsStarted) {
  PlannedPool pool(3);
  const Wish one = pool.stop(2);
  pool.finish();
  EXPECT_EQ(pool.look(one), Found::Done);
  EXPECT_EQ(pool.serving(), 2u);
  pool.configure(3);  // a config is read
  pool.restart();
  pool.finish();
  EXPECT_EQ(pool.serving(), 2u) << "a restart of all is about those that run";

  const Wish all = pool.stop();
  pool.finish();
  EXPECT_EQ(pool.look(all), Found::Done);
  EXPECT_TRUE(pool.plan.stopped());
  EXPECT_EQ(pool.serving(), 0u);

  const Wish third = pool.start(3);
  pool.finish();
  EXPECT_EQ(pool.look(third), Found::Done);
  EXPECT_EQ(pool.serving(), 1u) << "the others stay stopped";
  pool.start();
  pool.finish();
  EXPECT_EQ(pool.serving(), 3u);
}

TEST(PoolPlan, ARestartOfAPoolWhoseInstancesWereAllStoppedOneByOneStartsThem) {
  PlannedPool pool(2);
  pool.stop(1);
  pool.stop(2);
  pool.finish();
  const Wish all = pool.restart();
  pool.finish();
  EXPECT_EQ(pool.look(all), Found::Done);
  EXPECT_EQ(pool.serving(), 2u);
}

TEST(PoolPlan, ARestartOfWhatIsStoppedStartsIt) {
  PlannedPool pool(2);
  pool.stop(1);
  pool.finish();
  const Wish one = pool.restart(1);
  pool.finish();
  EXPECT_EQ(pool.look(one), Found::Done);
  EXPECT_EQ(pool.serving(), 2u);
  pool.stop();
  pool.finish();
  const Wish all = pool.restart();
  pool.finish();
  EXPECT_EQ(pool.look(all), Found::Done);
  EXPECT_EQ(pool.serving(), 2u);
}

TEST(PoolPlan, StartEndsAPauseAndBringsBackWhatHasEndedForGood) {
  PlannedPool pool(2);
  pool.places[1].idle = true;
  const Wish wish = pool.start();
  EXPECT_THAT(pool.next(), ElementsAre(PlanStep{Step::RestartNow, 1}));
  pool.finish();
  EXPECT_EQ(pool.look(wish), Found::Done);
}

TEST(PoolPlan, StartAndScaleTellWhatDoesNotComeUp) {
  PlannedPool pool(1);
  pool.bad_release = true;
  const Wish more = pool.scale(2);
  pool.finish();
  EXPECT_EQ(pool.plan.look(more, pool.views()).what, Found::Failed);
  EXPECT_EQ(pool.plan.look(more, pool.views()).number, 2u);
}

TEST(PoolPlan, ScaleLastsUntilTheConfigNamesAnotherNumber) {
  PlannedPool pool(2);
  const Wish wish = pool.scale(5);
  pool.finish();
  EXPECT_EQ(pool.look(wish), Found::Done);
  EXPECT_EQ(pool.serving(), 5u);
  EXPECT_TRUE(pool.plan.scaled());
  pool.configure(2);  // about something else
  pool.finish();
  EXPECT_EQ(pool.serving(), 5u);
  pool.configure(3);
  pool.finish();
  EXPECT_EQ(pool.serving(), 3u);
  EXPECT_FALSE(pool.plan.scaled());
}

// By the front door that comes after one that crashed.
TEST(PoolPlan, WhatOperatorsAskedForIsRemembered) {
  const auto after = [](const PoolPlan& before, unsigned configured) {
    PoolPlan plan;
    plan.recall(before.to_remember());
    plan.configure(configured, 0.25, 1);
    return plan;
  };
  PlannedPool pool(2);
  EXPECT_EQ(pool.plan.to_remember(), "");
  EXPECT_EQ(after(pool.plan, 2).count(), 2U);
  pool.scale(4);
  pool.stop(3);
  const PoolPlan same = after(pool.plan, 2);
  EXPECT_EQ(same.count(), 4U);
  EXPECT_TRUE(same.wanted(4));
  EXPECT_FALSE(same.wanted(3));
  EXPECT_EQ(after(pool.plan, 3).count(), 3U);  // the config names another number meanwhile
  pool.stop();
  EXPECT_TRUE(after(pool.plan, 2).stopped());
  pool.start();
  pool.scale(2);
  EXPECT_EQ(pool.plan.to_remember(), "");
  pool.ask({.what = Wish::What::Stop, .sleep = true});  // a request wakes it, or a crash
  EXPECT_EQ(pool.plan.to_remember(), "");
  pool.stop();
  EXPECT_TRUE(after(pool.plan, 2).stopped());
}

TEST(PoolPlan, WhoHasStoppedAndScaledIsRememberedWithIt) {
  const auto name = [](const std::optional<OrderedBy>& by) { return by ? by->name + ' ' + std::to_string(by->unix_millis) : "-"; };
  const auto by = [](const char* who, std::int64_t when) { return OrderedBy{.name = who, .unix_millis = when}; };
  PlannedPool pool(2);
  pool.ask({.what = Wish::What::Scale, .count = 4, .by = by("root", 17)});
  pool.ask({.what = Wish::What::Stop, .number = 3, .by = by("uid 7", 18)});
  pool.ask({.what = Wish::What::Stop, .number = 2});  // frontdoor itself
  PoolPlan next;
  next.recall(pool.plan.to_remember() + "\nended 1 7 exit 0");
  next.configure(2, 0.25, 1);
  for (const PoolPlan* plan : std::initializer_list<const PoolPlan*>{&pool.plan, &next}) {
    EXPECT_EQ(name(plan->scaled_by()), "root 17");
    EXPECT_EQ(name(plan->stopped_by(3)), "uid 7 18");
    EXPECT_EQ(name(plan->stopped_by(2)), "-");
    EXPECT_EQ(name(plan->stopped_by()), "-");
    EXPECT_FALSE(plan->wanted(3) || plan->wanted(2));
  }
  pool.ask({.what = Wish::What::Stop, .by = by("ann", 19)});
  PoolPlan stopped;
  stopped.recall(pool.plan.to_remember());
  EXPECT_EQ(name(stopped.stopped_by()), "ann 19");
  pool.start(1);  // those that stay stopped are hers
  EXPECT_EQ(name(pool.plan.stopped_by()), "-");
  EXPECT_EQ(name(pool.plan.stopped_by(4)), "ann 19");
  EXPECT_EQ(name(pool.plan.stopped_by(3)), "uid 7 18");
  pool.configure(5);
  EXPECT_EQ(name(pool.plan.scaled_by()), "-");
}

TEST(PoolPlan, WhatNobodyWroteIsNotRecalled) {
  for (const char* const text : {"", "x", "2", "2 3", "-", "2 3 9", "2 0 0\nby", "2 0 0\nby stop all 7", "2 0 0\nby stop all x root",
                                 "2 0 0\nby scale - 7 root"}) {
    PoolPlan plan;
    plan.recall(text);
    plan.configure(2, 0.25, 1);
    EXPECT_EQ(plan.count(), 2U) << text;
    EXPECT_TRUE(plan.wanted(1) && plan.wanted(2)) << text;
  }
}

TEST(PoolPlan, ARollOfAPoolThatLeavesTheConfigDoesNotSayThatItIsDone) {
  PlannedPool pool(2);
  const Wish roll = pool.restart();
  pool.configure(0);
  const Fulfilment found = pool.plan.look(roll, pool.views());
  EXPECT_EQ(found.what, Found::Overtaken);
  EXPECT_STREQ(found.by, "removed from the config");
}

TEST(PoolPlan, AJobThatHasDoneItsWorkBeforeAnybodySawItUpHasComeUp) {
  PlannedPool pool(1);
  const Wish restart = pool.restart();
  PlaceView& place = pool.places[1];
  place = {.number = 1, .serving = true, .idle = true, .failed = true, .born = ++pool.tick};
  EXPECT_EQ(pool.look(restart), Found::Failed);
  place.done = true;
  EXPECT_EQ(pool.look(restart), Found::Done);
}

TEST(PoolPlan, AJobThatHasDoneItsWorkForAnOlderConfigIsStartedInItsOwnPlace) {
  PlannedPool pool(1);
  pool.configure(1);
  pool.places[1].current = false;
  pool.places[1].idle = true;
  EXPECT_THAT(pool.next(), ElementsAre(PlanStep{Step::Replace, 1})) << "it failed";
  pool.places[1].done = true;
  EXPECT_THAT(pool.next(), ElementsAre(PlanStep{Step::RestartNow, 1}));
}

TEST(PoolPlan, AStopInTheMiddleOfARollEndsIt) {
  PlannedPool pool(3);
  const Wish roll = pool.restart();
  for (const PlanStep& step : pool.next()) pool.begin(step);
  const Wish stop = pool.stop();
  EXPECT_EQ(pool.look(roll), Found::Overtaken);
  pool.finish();
  EXPECT_EQ(pool.look(stop), Found::Done);
  EXPECT_EQ(pool.serving(), 0u);
  EXPECT_STREQ(pool.plan.look(roll, pool.views()).by, "stopped");
}

TEST(PoolPlan, WhatIsAskedLaterWins) {
  PlannedPool pool(3);
  const Wish five = pool.scale(5);
  const Wish two = pool.scale(2);
  EXPECT_EQ(pool.look(five), Found::Overtaken);
  pool.finish();
  EXPECT_EQ(pool.look(two), Found::Done);
  EXPECT_EQ(pool.serving(), 2u);

  const Wish stop = pool.stop();
  const Wish start = pool.start();
  EXPECT_EQ(pool.look(stop), Found::Overtaken);
  pool.finish();
  EXPECT_EQ(pool.look(start), Found::Done);
  EXPECT_EQ(pool.serving(), 2u);
}

TEST(PoolPlan, TheReasonOfARestartIsTheLatest) {
  PlannedPool pool(2);
  EXPECT_EQ(pool.plan.reason_for(1), "config changed");
  pool.ask({.what = Wish::What::Restart, .reason = "cron"});
  pool.ask({.what = Wish::What::Restart, .number = 2, .reason = "memory"});
  EXPECT_EQ(pool.plan.reason_for(1), "cron");
  EXPECT_EQ(pool.plan.reason_for(2), "memory");
  pool.configure(2);
  EXPECT_EQ(pool.plan.reason_for(2), "config changed");
}

// Whatever is asked, and whenever: it ends with as many as were asked for last, each is answered, and there are never
// more processes than the pool and what is replaced at a time.
TEST(PoolPlan, OverlappingOperationsEndTruthfully) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::minstd_rand random(seed + 1);
    const auto roll = [&](unsigned below) { return static_cast<unsigned>(random() % below); };
    PlannedPool pool(1 + roll(5), roll(2) == 0 ? 0.25 : 0.5);
    std::vector<Wish> wishes;
    for (unsigned i = 0; i < 30; ++i) {
      const auto number = roll(2) == 0 ? std::optional(1 + roll(pool.plan.count())) : std::nullopt;
      switch (roll(7)) {
        case 0:
          wishes.push_back(pool.restart(number, roll(3) == 0 ? RestartHow::Now : RestartHow::Rolling));
          break;
        case 1:
          wishes.push_back(pool.stop(number));
          break;
        case 2:
          wishes.push_back(pool.start(number));
          break;
        case 3:
          wishes.push_back(pool.scale(1 + roll(6)));
          break;
        case 4:
          pool.configure(1 + roll(5));
          break;
        case 5:
          pool.proceed();
          break;
        default:
          for (const PlanStep& step : pool.next()) pool.begin(step);
      }
    }
    pool.finish();
    unsigned wanted = 0;
    for (unsigned number = 1; number <= pool.plan.count(); ++number) wanted += pool.plan.wanted(number) ? 1 : 0;
    EXPECT_EQ(pool.serving(), wanted) << seed;
    for (const Wish& wish : wishes) {
      if (wish.number && *wish.number > pool.plan.count()) continue;  // the config took its place away
      EXPECT_NE(pool.look(wish), Found::Pending) << seed << " at " << wish.asked;
    }
  }
}

}  // namespace
}  // namespace frontdoor
