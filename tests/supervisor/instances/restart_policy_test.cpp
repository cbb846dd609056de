#include "supervisor/instances/restart_policy.h"

#include <gtest/gtest.h>

#include <csignal>

namespace frontdoor {
namespace {

using namespace std::chrono_literals;
using What = RestartDecision::What;
using Policy = config::Restart::Policy;

constexpr ProcessEnd kExit0{false, 0};
constexpr ProcessEnd kExit1{false, 1};
constexpr ProcessEnd kKilled{true, SIGKILL};

TEST(RestartPolicy, WhoIsStartedAgain) {
  const struct {
    Policy policy;
    ProcessEnd end;
    What what;
  } cases[] = {
      {Policy::Always, kExit0, What::StartAgain},    {Policy::Always, kExit1, What::StartAgain},
      {Policy::Always, kKilled, What::StartAgain},   {Policy::OnFailure, kExit0, What::Stay},
      {Policy::OnFailure, kExit1, What::StartAgain}, {Policy::OnFailure, kKilled, What::StartAgain},
      {Policy::Never, kExit0, What::Stay},           {Policy::Never, kExit1, What::Stay},
      {Policy::Never, kKilled, What::Stay},
  };
  for (const auto& c : cases) {
    RestartPolicy policy({.policy = c.policy});
    EXPECT_EQ(policy.ended(c.end, 0ms, 0).what, c.what)
        << static_cast<int>(c.policy) << ' ' << to_string(c.end);
  }
}

TEST(RestartPolicy, PausesDoubleUpToTheLongest) {
  RestartPolicy policy({.backoff_min = 100ms, .backoff_max = 1s, .crash_loop_after = 100});
  for (const auto expected : {100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms})
    EXPECT_EQ(policy.ended(kExit1, 0ms, 0).pause, expected);
}

TEST(RestartPolicy, ALongLifeMakesThePauseShortAgain) {
  RestartPolicy policy({.backoff_min = 100ms, .backoff_max = 30s, .reset_after = 60s, .crash_loop_after = 3});
  for (int i = 0; i < 3; ++i) policy.ended(kExit1, 59s, 0);
  const RestartDecision looping = policy.ended(kExit1, 59s, 0);
  EXPECT_TRUE(looping.crash_loop);
  EXPECT_EQ(looping.pause, 30s) << "slowly, but never given up";
  const RestartDecision after = policy.ended(kExit1, 60s, 0);
  EXPECT_FALSE(after.crash_loop);
  EXPECT_EQ(after.pause, 100ms);
}

TEST(RestartPolicy, ACommandThatCanNotBeStartedIsACrashLoopToo) {
  RestartPolicy policy({.backoff_min = 100ms, .backoff_max = 30s, .crash_loop_after = 2});
  EXPECT_FALSE(policy.failed_to_start(0).crash_loop);
  EXPECT_TRUE(policy.failed_to_start(0).crash_loop);
  policy.forgive();
  EXPECT_EQ(policy.failed_to_start(0).pause, 100ms);
}

TEST(RestartPolicy, ThoseThatDiedTogetherDoNotStartTogether) {
  RestartPolicy policy({.backoff_min = 100ms, .backoff_max = 30s});
  EXPECT_EQ(policy.ended(kKilled, 0ms, 0.5).pause, 110ms);
}

}  // namespace
}  // namespace frontdoor
