// What the launcher does while one front door takes another one's place, whatever ends meanwhile.

#include "supervisor/launcher/upgrade_plan.h"

#include <gtest/gtest.h>

#include <string>

namespace frontdoor {
namespace {

using namespace std::chrono_literals;

const char* name_of(UpgradeStep step) {
  const char* const names[] = {"-", "start", "refuse", "ask", "hand over", "dismiss", "give up", "give back"};
  return names[static_cast<int>(step)];
}

// a: asked, p: prepared, y: yielded, r: ready, n: the new one ends, o: the old one ends, k: the new one is killed.
std::string told(const std::string& events) {
  UpgradePlan plan;
  std::string text;
  for (const char event : events) {
    UpgradeStep step = UpgradeStep::None;
    if (event == 'a') step = plan.asked(TimePoint{} + 1s, 60s);
    if (event == 'p') step = plan.prepared();
    if (event == 'y') step = plan.yielded();
    if (event == 'r') step = plan.ready();
    if (event == 'n') step = plan.new_one_ended();
    if (event == 'o') step = plan.old_one_ended();
    if (event == 'k') plan.has_been_killed();
    text += (text.empty() ? "" : ", ") + std::string(name_of(step));
  }
  return text + (plan.under_way() ? " ..." : "");
}

TEST(UpgradePlan, GoesOnWordByWordAndLeavesTheInstancesWithWhoeverServes) {
  struct {
    const char* what;
    const char* events;
    const char* expected;
  } const cases[] = {
      {"as it should be", "apyr", "start, ask, hand over, dismiss"},
      {"twice", "apyrapyr", "start, ask, hand over, dismiss, start, ask, hand over, dismiss"},
      {"asked again meanwhile", "aapyr", "start, refuse, ask, hand over, dismiss"},
      {"asked again while it takes over", "apya", "start, ask, hand over, refuse ..."},
      {"it ends at once", "an", "start, give up"},
      {"it ends while the old one is still asked", "apn", "start, ask, give up"},
      {"and the old one had let go in that moment", "apny", "start, ask, give up, give back"},
      {"it ends with the instances", "apyn", "start, ask, hand over, give back"},
      {"again, and the third one does not", "apynapynapyr",
       "start, ask, hand over, give back, start, ask, hand over, give back, start, ask, hand over, dismiss"},
      {"the old one ends first", "aop", "start, -, hand over ..."},
      {"and then it serves", "aopr", "start, -, hand over, dismiss"},
      {"the old one ends instead of letting go", "apor", "start, ask, hand over, dismiss"},
      {"both end", "aon", "start, -, give up"},
      {"the old one ends while the new one takes over", "apyor", "start, ask, hand over, -, dismiss"},
      {"and then the new one does, too, as any front door that crashes", "apyon", "start, ask, hand over, -, -"},
      {"words that nobody waits for", "prno", "-, -, -, -"},
      {"ready too late", "apykr", "start, ask, hand over, -, - ..."},
      {"and dead then", "apykrn", "start, ask, hand over, -, -, give back"},
      {"and the next one is heard", "apyknapyr", "start, ask, hand over, -, give back, start, ask, hand over, dismiss"},
      {"prepared too late", "akpn", "start, -, -, give up"},
      {"said twice", "appyyrr", "start, ask, -, hand over, -, dismiss, -"},
  };
  for (const auto& c : cases) EXPECT_EQ(told(c.events), c.expected) << c.what;
}

TEST(UpgradePlan, HasABound) {
  UpgradePlan plan;
  EXPECT_EQ(plan.over_at(), TimePoint::max());
  plan.asked(TimePoint{} + 1s, 60s);
  EXPECT_EQ(plan.over_at(), TimePoint{} + 61s);
  plan.prepared();
  plan.yielded();
  EXPECT_EQ(plan.over_at(), TimePoint{} + 61s) << "for all of it";
  plan.has_been_killed();
  EXPECT_EQ(plan.over_at(), TimePoint::max());
  plan.new_one_ended();
  plan.asked(TimePoint{} + 9s, 60s);
  EXPECT_EQ(plan.over_at(), TimePoint{} + 69s) << "the next one has its own";
  plan.prepared();
  plan.yielded();
  plan.ready();
  EXPECT_EQ(plan.over_at(), TimePoint::max());
}

}  // namespace
}  // namespace frontdoor
