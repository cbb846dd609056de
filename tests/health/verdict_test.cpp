// Rise, fall, lateness and pace as tables: no socket, no clock.

#include "health/verdict.h"

#include <gtest/gtest.h>

namespace frontdoor {
namespace {

using namespace std::chrono_literals;
using State = UpstreamState;

// P passed, F failed, T timed out, S timed out but live traffic was served, R refused, N our own fault,
// L failed while the control loop was late.
Judgement observe(Verdict& verdict, char result, double jitter = 0.5) {
  Observation seen;
  seen.jitter = jitter;
  std::string detail;
  switch (result) {
    case 'P':
      seen.outcome = Outcome::Passed;
      break;
    case 'F':
      seen.outcome = Outcome::Failed, detail = "status 503";
      break;
    case 'T':
      seen.outcome = Outcome::TimedOut, detail = "probe timed out";
      break;
    case 'S':
      seen.outcome = Outcome::TimedOut, seen.served_meanwhile = true;
      break;
    case 'R':
      seen.outcome = Outcome::Refused, detail = "connection refused";
      break;
    case 'N':
      seen.outcome = Outcome::NotEvidence;
      break;
    case 'L':
      seen.outcome = Outcome::Failed, seen.lateness = 5s;
      break;
    default:
      ADD_FAILURE() << result;
  }
  return verdict.observe(seen, detail);
}

struct Told {
  State state;
  std::string reason;  // of the last change
};

Told judge(Verdict& verdict, const std::string& results) {
  std::string reason;
  for (const char result : results) {
    const Judgement judgement = observe(verdict, result);
    if (judgement.change != Change::None) reason = judgement.reason;
  }
  return {verdict.state(), reason};
}

TEST(Verdict, NeedsConsecutiveResultsToChangeItsMind) {
  struct {
    const char* results;
    State state;
    const char* reason;
  } cases[] = {
      {"", State::Unknown, ""},
      {"P", State::Up, "first probe passed"},  // the first pass admits at once, whatever rise says
      {"F", State::Unknown, ""},
      {"FF", State::Unknown, ""},
      {"FFF", State::Down, "3 of 3 probes failed: status 503"},
      {"FFP", State::Up, "first probe passed"},
      {"PFF", State::Up, "first probe passed"},
      {"PFFPFF", State::Up, "first probe passed"},  // not consecutive
      {"PFFF", State::Down, "3 of 3 probes failed: status 503"},
      {"PFFT", State::Down, "3 of 3 probes failed: probe timed out"},
      {"PFFFP", State::Down, "3 of 3 probes failed: status 503"},
      {"PFFFPFP", State::Down, "3 of 3 probes failed: status 503"},
      {"PFFFPP", State::Up, "2 probes passed"},
      {"PFFFPPFF", State::Up, "2 probes passed"},
      {"PR", State::Down, "connection refused"},  // dead, not doubtful
      {"RR", State::Unknown, ""},                 // an app that is starting refuses at first
      {"RRR", State::Down, "3 of 3 probes failed: connection refused"},
      {"PTTT", State::Down, "3 of 3 probes failed: probe timed out"},
      {"PSSSSSS", State::Up, "first probe passed"},  // slow is not hung
      {"PTTSTT", State::Up, "first probe passed"},
      {"SSS", State::Down, "3 of 3 probes failed: "},  // before the first pass nothing speaks for it
      {"PNNNNN", State::Up, "first probe passed"},
      {"PFNFNF", State::Down, "3 of 3 probes failed: status 503"},  // no evidence interrupts no streak
      {"PLLLLL", State::Up, "first probe passed"},
      {"PFLFLLF", State::Down, "3 of 3 probes failed: status 503"},
  };
  for (const auto& c : cases) {
    Verdict verdict{VerdictRules{.rise = 2, .fall = 3}};
    const Told told = judge(verdict, c.results);
    EXPECT_EQ(told.state, c.state) << c.results;
    EXPECT_EQ(told.reason, c.reason) << c.results;
  }
}

TEST(Verdict, OneResultCanBeEnough) {
  Verdict verdict{VerdictRules{.rise = 1, .fall = 1}};
  EXPECT_EQ(judge(verdict, "PT").reason, "probe timed out");
  EXPECT_EQ(judge(verdict, "P").reason, "1 probe passed");
}

TEST(Verdict, AfterARefusalByLiveTrafficItNeedsRisePasses) {
  Verdict verdict{VerdictRules{.rise = 2, .fall = 3}};
  judge(verdict, "PPP");
  verdict.align(State::Down);
  EXPECT_EQ(judge(verdict, "P").state, State::Down);
  EXPECT_EQ(judge(verdict, "P").state, State::Up);
  verdict.align(State::Up);  // nothing new
  EXPECT_EQ(verdict.state(), State::Up);
}

TEST(Verdict, AResultCountsOnlyIfTheLoopWasOnTime) {
  struct {
    Duration lateness;
    bool counts;
  } cases[] = {{0ms, true}, {499ms, true}, {500ms, true}, {501ms, false}, {5s, false}};
  for (const auto& c : cases) EXPECT_EQ(Verdict::on_time(c.lateness, 1000ms), c.counts);
}

TEST(Verdict, ADiscardedResultLeavesEverythingAsItWas) {
  Verdict verdict{VerdictRules{.rise = 2, .fall = 3}};
  judge(verdict, "PFF");
  const auto history = verdict.history();
  const Judgement late = observe(verdict, 'L');
  EXPECT_FALSE(late.counted);
  EXPECT_EQ(late.next, 0ms);  // repeated at once
  const Judgement own_fault = observe(verdict, 'N');
  EXPECT_FALSE(own_fault.counted);
  EXPECT_EQ(own_fault.next, 500ms);  // not at once: descriptors come back in their own time
  EXPECT_EQ(verdict.history(), history);
  EXPECT_EQ(verdict.history_size(), 3U);
  EXPECT_EQ(judge(verdict, "F").state, State::Down);  // the streak went on
}

TEST(Verdict, ProbesFasterWhileDownAndInABurstAtFirst) {
  const VerdictRules rules{.rise = 2, .fall = 3, .interval = 2000ms, .interval_down = 500ms, .jitter = 0.10};
  Verdict verdict(rules);
  EXPECT_EQ(verdict.next_delay(0.0), 50ms);
  EXPECT_EQ(observe(verdict, 'F', 0.5).next, 75ms);
  for (int n = 0; n < 30; ++n) observe(verdict, 'F');
  EXPECT_EQ(verdict.next_delay(0.5), 500ms);  // the burst is over
  judge(verdict, "PP");
  EXPECT_EQ(verdict.next_delay(0.5), 2000ms);
  EXPECT_EQ(verdict.next_delay(0.0), 1800ms);  // jitter is a share of the interval
  EXPECT_EQ(verdict.next_delay(0.75), 2100ms);
  judge(verdict, "FFF");
  EXPECT_EQ(verdict.next_delay(0.5), 500ms);  // no burst for one that was up before
}

// A burst of processes would be felt by others.
TEST(Verdict, ACheckByACommandHasNoBurst) {
  config::HealthCheck check;
  check.type = config::HealthCheck::Type::Exec;
  const Verdict verdict(VerdictRules::of(check));
  EXPECT_EQ(verdict.next_delay(0.5), 500ms);
}

TEST(Verdict, WithoutACheckThePauseDoubles) {
  Verdict verdict{VerdictRules::revival()};
  verdict.align(State::Up);
  verdict.align(State::Down);
  EXPECT_EQ(verdict.next_delay(0.5), 100ms);
  EXPECT_EQ(observe(verdict, 'R').next, 200ms);
  EXPECT_EQ(observe(verdict, 'R').next, 400ms);
  for (int n = 0; n < 40; ++n) observe(verdict, 'R');
  EXPECT_EQ(verdict.next_delay(0.5), 2000ms);
  EXPECT_EQ(judge(verdict, "P").state, State::Up);
  verdict.align(State::Down);
  EXPECT_EQ(verdict.next_delay(0.5), 100ms);
}

TEST(Verdict, KeepsTheLast64Results) {
  Verdict verdict{VerdictRules{}};
  judge(verdict, "PFP");
  EXPECT_EQ(verdict.history(), 0b101U);
  EXPECT_EQ(verdict.history_size(), 3U);
  judge(verdict, std::string(100, 'P'));
  EXPECT_EQ(verdict.history(), ~std::uint64_t{0});
  EXPECT_EQ(verdict.history_size(), 64U);
}

TEST(Verdict, AReloadChangesTheRulesAndKeepsTheStreak) {
  Verdict verdict{VerdictRules{.rise = 2, .fall = 5}};
  judge(verdict, "PFF");
  verdict.set_rules(VerdictRules{.rise = 2, .fall = 3});
  EXPECT_EQ(judge(verdict, "F").state, State::Down);
  EXPECT_EQ(verdict.history_size(), 4U);
}

}  // namespace
}  // namespace frontdoor
