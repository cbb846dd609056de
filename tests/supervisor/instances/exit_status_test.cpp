#include "supervisor/instances/exit_status.h"

#include <gtest/gtest.h>

#include <csignal>

namespace frontdoor {
namespace {

using State = InstanceState;
using std::chrono::seconds;

constexpr ProcessEnd exited(int status) { return {false, status}; }
constexpr ProcessEnd killed(int signal) { return {true, signal}; }

InstanceStatus instance(State state, std::optional<ProcessEnd> end, int second = 0) {
  InstanceStatus status;
  status.state = state;
  status.last_end = end;
  if (end) status.last_end_at = TimePoint(seconds(second));
  return status;
}

PoolStatus pool(std::vector<InstanceStatus> instances) {
  PoolStatus status;
  status.wanted = static_cast<unsigned>(instances.size());
  status.instances = std::move(instances);
  return status;
}

TEST(ExitStatus, TellsASignalFromAStatus) {
  EXPECT_EQ(exit_status_of(exited(0)), 0);
  EXPECT_EQ(exit_status_of(exited(9)), 9);
  EXPECT_EQ(exit_status_of(killed(SIGKILL)), 137);
  EXPECT_EQ(exit_status_of(killed(SIGTERM)), 143);
  EXPECT_EQ(exit_status_of(ProcessEnd{.known = false}), 1);
}

TEST(ExitStatus, WhatHasEndedWellHasDoneItsWork) {
  EXPECT_EQ(state_after(exited(0)), State::Done);
  for (const auto& end : {std::optional(exited(1)), std::optional(killed(SIGTERM)), std::optional(ProcessEnd{.known = false}), std::optional<ProcessEnd>()})
    EXPECT_EQ(state_after(end), State::Exited);
}

TEST(ExitStatus, AllHaveEndedWhenNoneRunsOrWillRunAgain) {
  const InstanceStatus done = instance(State::Done, exited(0));
  EXPECT_TRUE(ended_for_good({pool({done, done})}));
  EXPECT_TRUE(ended_for_good({pool({done, instance(State::Exited, exited(1))})}));
  EXPECT_TRUE(ended_for_good({pool({done}), pool({done})}));
  for (const State state : {State::Starting, State::Up, State::Pausing, State::CrashLoop, State::Draining,
                            State::Stopping, State::Stopped})
    EXPECT_FALSE(ended_for_good({pool({done, instance(state, exited(1))})})) << to_string(state);
  EXPECT_FALSE(ended_for_good({})) << "none has ended";
  EXPECT_FALSE(ended_for_good({pool({})})) << "none has ended";
  PoolStatus beginning = pool({done});
  beginning.wanted = 2;
  EXPECT_FALSE(ended_for_good({beginning})) << "one has not even been added";
  PoolStatus stopped = pool({done});
  stopped.stopped = true;
  EXPECT_FALSE(ended_for_good({stopped})) << "somebody may start it";
}

TEST(ExitStatus, IsThatOfTheFirstThatDidNotEndWell) {
  struct {
    std::vector<InstanceStatus> instances;
    int status;
  } const cases[] = {
      {{instance(State::Done, exited(0))}, 0},
      {{instance(State::Exited, exited(3))}, 3},
      {{instance(State::Exited, killed(SIGSEGV))}, 139},
      {{instance(State::Done, exited(0), 1), instance(State::Exited, exited(4), 2)}, 4},
      {{instance(State::Exited, exited(5), 3), instance(State::Exited, exited(4), 2)}, 4},
      {{instance(State::Exited, std::nullopt)}, 127},
      {{instance(State::Stopped, killed(SIGTERM))}, 143},
      {{instance(State::Up, std::nullopt)}, 0},
  };
  for (const auto& c : cases) EXPECT_EQ(exit_status_of({pool(c.instances)}), c.status);
}

}  // namespace
}  // namespace frontdoor
