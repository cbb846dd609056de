#include "cli/demo_story.h"

#include <gtest/gtest.h>

#include <csignal>

namespace frontdoor::cli {
namespace {

using State = InstanceState;

class DemoStoryTest : public ::testing::Test {
 protected:
  std::string tell(int number, State state, pid_t pid = -1, std::optional<ProcessEnd> end = std::nullopt) {
    const std::string name = "app." + std::to_string(number);
    return story.tell({name, "127.0.0.1:2400" + std::to_string(number), state, pid, end});
  }

  void begin_with_three() {
    for (int number = 1; number <= 3; ++number) {
      EXPECT_EQ(tell(number, State::Starting, 100 + number), "");
      EXPECT_EQ(tell(number, State::Up, 100 + number), "");
    }
    story.begin();
  }

  static ProcessEnd signal(int number) { return {.by_signal = true, .value = number}; }

  DemoStory story{Style(false), config::Millis(10'000)};
};

TEST_F(DemoStoryTest, TellsOfACrashAndOfTheReturn) {
  begin_with_three();
  EXPECT_EQ(story.up(), 3u);
  EXPECT_EQ(tell(1, State::Pausing, -1, signal(SIGABRT)), "● app.1 (pid 101) crashed: SIGABRT · traffic now app.2, app.3");
  EXPECT_EQ(story.up(), 2u);
  EXPECT_EQ(tell(1, State::Starting, 104), "● app.1 (pid 104) is starting");
  EXPECT_EQ(tell(1, State::Up, 104), "● app.1 (pid 104) is up · traffic now app.1, app.2, app.3");
}

TEST_F(DemoStoryTest, CallsTheRoll) {
  begin_with_three();
  EXPECT_EQ(story.roll_call(), "● app.1 pid 101 ● app.2 pid 102 ● app.3 pid 103");
  tell(2, State::Pausing, -1, signal(SIGKILL));
  EXPECT_EQ(story.roll_call(), "● app.1 pid 101 ● app.2 ● app.3 pid 103");
}

TEST_F(DemoStoryTest, SaysWhatBecomesOfRequestsWhenNoneIsUp) {
  begin_with_three();
  tell(1, State::Pausing, -1, signal(SIGKILL));
  tell(2, State::Pausing, -1, signal(SIGKILL));
  EXPECT_EQ(tell(3, State::Pausing, -1, signal(SIGKILL)),
            "● app.3 (pid 103) was killed: SIGKILL · none is up now: requests wait, at most 10s");
}

TEST_F(DemoStoryTest, NamesACrashLoop) {
  begin_with_three();
  EXPECT_EQ(tell(1, State::CrashLoop, -1, signal(SIGABRT)),
            "● app.1 (pid 101) crashed: SIGABRT, a crash loop: the next start is later · traffic now app.2, app.3");
}

TEST_F(DemoStoryTest, ARollingRestartHasTwoOfOneName) {
  begin_with_three();
  const auto next = [&](State state) { return story.tell({"app.1", "127.0.0.1:24009", state, 109}); };
  EXPECT_EQ(next(State::Starting), "● app.1 (pid 109) is starting");
  EXPECT_EQ(next(State::Up), "● app.1 (pid 109) is up · traffic now app.1, app.2, app.3");
  EXPECT_EQ(tell(1, State::Draining, 101), "");
  EXPECT_EQ(tell(1, State::Stopping, 101), "● app.1 (pid 101) is stopping");
  EXPECT_EQ(tell(1, State::Stopped, -1, signal(SIGTERM)), "");
  EXPECT_EQ(story.up(), 3u);
  EXPECT_EQ(story.roll_call(), "● app.1 pid 109 ● app.2 pid 102 ● app.3 pid 103");
}

TEST_F(DemoStoryTest, HasNothingToSayOfWhatNeverHadAProcess) {
  begin_with_three();
  tell(1, State::Pausing, -1, signal(SIGABRT));
  EXPECT_EQ(tell(1, State::Pausing), "");
  EXPECT_EQ(tell(1, State::CrashLoop, -1, signal(SIGABRT)), "");
  EXPECT_EQ(tell(1, State::Stopping), "");
}

TEST_F(DemoStoryTest, PaintsEachNameInItsColour) {
  DemoStory coloured{Style(true), config::Millis(10'000)};
  coloured.begin();
  EXPECT_EQ(coloured.tell({"app.1", "a", State::Starting, 7}), Style(true).paint(Ink::Cyan, "● app.1") + " (pid 7) is starting");
  EXPECT_EQ(coloured.tell({"app.2", "b", State::Starting, 8}),
            Style(true).paint(Ink::Magenta, "● app.2") + " (pid 8) is starting");
}

TEST(HowItEnded, ASignalFromOutsideIsNoCrash) {
  const struct {
    ProcessEnd end;
    const char* words;
  } cases[] = {
      {{.by_signal = true, .value = SIGABRT}, "crashed: SIGABRT"},
      {{.by_signal = true, .value = SIGSEGV, .dumped_core = true}, "crashed: SIGSEGV (core dumped)"},
      {{.by_signal = true, .value = SIGKILL}, "was killed: SIGKILL"},
      {{.by_signal = true, .value = SIGTERM}, "was killed: SIGTERM"},
      {{.by_signal = true, .value = SIGINT}, "was killed: SIGINT"},
      {{.value = 3}, "exited with status 3"},
      {{.known = false}, "is gone"},
  };
  for (const auto& c : cases) EXPECT_EQ(how_it_ended(c.end), c.words);
}

}  // namespace
}  // namespace frontdoor::cli
