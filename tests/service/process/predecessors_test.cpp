// Who drains still of those that an upgrade has dismissed.

#include "service/process/predecessors.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace frontdoor {
namespace {

TEST(Predecessors, AreCountedWhileTheyAreThere) {
  const auto itself = read_process(getpid());
  ASSERT_TRUE(itself);
  EXPECT_EQ(Predecessors().draining(), 0u);
  const std::string one = Predecessors().to_text(*itself);
  EXPECT_EQ(Predecessors(one).draining(), 1u);

  const pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  const auto other = read_process(child);
  ASSERT_TRUE(other);
  Predecessors both(Predecessors(one).to_text(*other));
  EXPECT_EQ(both.draining(), 2u);
  kill(child, SIGKILL);
  siginfo_t ended{};
  waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT);
  EXPECT_EQ(both.draining(), 1u) << "one that only waits to be reaped has left";
  waitpid(child, nullptr, 0);
  EXPECT_EQ(both.to_text(*itself), one + ' ' + one) << "and is not told of";

  ProcessInfo another = *itself;
  ++another.started;
  EXPECT_EQ(Predecessors(Predecessors().to_text(another)).draining(), 0u) << "its number is another one's by now";
}

TEST(Predecessors, WhatIsNoneIsPassedOver) {
  const auto itself = read_process(getpid());
  const std::string one = Predecessors().to_text(*itself);
  for (const std::string text : {"", " ", "x", "1", "1:", ":1", "-1:5", "0:0", "1:x", "1:2x", "99999999999:1"})
    EXPECT_EQ(Predecessors(text + ' ' + one).draining(), 1u) << text;
}

}  // namespace
}  // namespace frontdoor
