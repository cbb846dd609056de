// What becomes of a new front door of which the old one loses sight.

#include "service/process/successor.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <new>

namespace frontdoor {
namespace {

pid_t start_one() {
  const pid_t pid = fork();
  if (pid == 0)
    for (;;) pause();
  return pid;
}

int signal_that_ended(pid_t pid) {
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

TEST(Successor, OneThatIsLostSightOfBeforeItServesIsKilled) {
  const pid_t pid = start_one();
  try {
    const OnTrial trial(pid);
    throw std::bad_alloc();
  } catch (const std::bad_alloc&) {
  }
  alarm(60);  // against a test that hangs
  EXPECT_EQ(signal_that_ended(pid), SIGKILL);
  alarm(0);
}

TEST(Successor, OneThatServesIsLeftAlone) {
  const pid_t pid = start_one();
  {
    OnTrial trial(pid);
    trial.is_over();
  }
  kill(pid, SIGTERM);
  EXPECT_EQ(signal_that_ended(pid), SIGTERM);
}

}  // namespace
}  // namespace frontdoor
