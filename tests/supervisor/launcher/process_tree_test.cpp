#include "supervisor/launcher/process_tree.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

namespace frontdoor {
namespace {

constexpr std::string_view kTail =
    " 1 1 1 0 -1 4194560 5 6 7 8 30 12 0 0 20 0 1 0 4711 1000000 250 18446744073709551615\n";

TEST(ProcessTree, ReadsTheLineOfAProcess) {
  const auto process = parse_process_stat("412 (node) S 7" + std::string(kTail.substr(2)), 4096);
  ASSERT_TRUE(process);
  EXPECT_EQ(*process, (ProcessInfo{412, 7, 'S', 4711, 42, 250 * 4096, 0, 1}));
}

TEST(ProcessTree, ANameMayContainAnything) {
  const auto process = parse_process_stat("412 (a) R 1 (b\n) Z 7" + std::string(kTail.substr(2)), 4096);
  ASSERT_TRUE(process);
  EXPECT_EQ(process->parent, 7);
  EXPECT_EQ(process->state, 'Z');
}

TEST(ProcessTree, WhatIsNoLineIsNoProcess) {
  for (const std::string_view line :
       {"", "412", "412 (node", "412 (node) ", "412 (node) S", "x (node) S 1 1 1", "412 (node) S 7 1 1"})
    EXPECT_FALSE(parse_process_stat(line, 4096)) << line;
}

TEST(ProcessTree, DescendantsComeAfterTheirParents) {
  const auto process = [](pid_t pid, pid_t parent) { return ProcessInfo{.pid = pid, .parent = parent}; };
  const std::vector<ProcessInfo> all{process(5, 4), process(4, 2), process(2, 1),
                                     process(3, 1), process(6, 3), process(1, 0)};
  std::vector<pid_t> found;
  for (const ProcessInfo& one : descendants(all, 1)) found.push_back(one.pid);
  EXPECT_EQ(found, (std::vector<pid_t>{2, 3, 4, 6, 5}));
  EXPECT_TRUE(descendants(all, 5).empty());
}

TEST(ProcessTree, AListThatClaimsACircleEnds) {
  const std::vector<ProcessInfo> all{{.pid = 1, .parent = 2}, {.pid = 2, .parent = 1}};
  EXPECT_EQ(descendants(all, 1).size(), 2u);
}

TEST(ProcessTree, TheNumberOfOneThatHasEndedMayBeAnothers) {
  const pid_t child = fork();
  if (child == 0) pause(), _exit(0);
  const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
  ASSERT_GE(pidfd, 0);
  EXPECT_TRUE(read_process(child, pidfd));
  EXPECT_TRUE(read_process(getpid(), -1)) << "where there was no descriptor left for it";
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_FALSE(read_process(getpid(), pidfd)) << "it has ended, and its number is ours now";
  close(pidfd);
}

TEST(ProcessTree, FindsThisProcessAndItsChild) {
  const pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  const auto mine = descendants(list_processes(), getpid());
  const auto found = std::find_if(mine.begin(), mine.end(),
                                  [&](const ProcessInfo& process) { return process.pid == child; });
  ASSERT_NE(found, mine.end());
  EXPECT_GT(found->started, 0u);
  EXPECT_TRUE(signal_process(*found, SIGKILL));
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
}

TEST(ProcessTree, ANumberThatWasGivenAgainIsAnotherProcess) {
  const auto all = list_processes();
  auto self = std::find_if(all.begin(), all.end(),
                           [](const ProcessInfo& process) { return process.pid == getpid(); });
  ASSERT_NE(self, all.end());
  ProcessInfo earlier = *self;
  EXPECT_TRUE(signal_process(earlier, 0));
  --earlier.started;
  EXPECT_FALSE(signal_process(earlier, 0));
}

}  // namespace
}  // namespace frontdoor
