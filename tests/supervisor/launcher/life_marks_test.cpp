#include "supervisor/launcher/life_marks.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace frontdoor {
namespace {

constexpr pid_t kLauncher = 10;

ProcessInfo process(pid_t pid, pid_t parent, pid_t session) {
  ProcessInfo info;
  info.pid = pid;
  info.parent = parent;
  info.state = 'S';
  info.started = static_cast<std::uint64_t>(pid);
  info.session = session;
  return info;
}

std::vector<pid_t> left(const LifeMarks& life, const std::vector<ProcessInfo>& all, pid_t with_variable = 0) {
  std::vector<pid_t> pids;
  for (const ProcessInfo& one : left_of(life, all, kLauncher, [&](pid_t pid, std::string_view variable) {
         return pid == with_variable && variable == "FRONTDOOR_LIFE=1";
       }))
    pids.push_back(one.pid);
  return pids;
}

const LifeMarks kLife{.process = 100, .variable = "FRONTDOOR_LIFE=1"};
using Pids = std::vector<pid_t>;

TEST(LifeMarks, BySessionByEnvironmentAndBySight) {
  EXPECT_EQ(left(kLife, {process(101, kLauncher, 100)}), Pids{101});
  EXPECT_EQ(left(kLife, {process(101, kLauncher, 101)}), Pids{}) << "nothing tells whose it is";
  EXPECT_EQ(left(kLife, {process(101, kLauncher, 101)}, 101), Pids{101});
  LifeMarks life = kLife;
  life.seen = {process(101, 100, 101)};
  EXPECT_EQ(left(life, {process(101, kLauncher, 101)}), Pids{101});
  ProcessInfo successor = process(101, kLauncher, 101);
  successor.started = 7'000;
  EXPECT_EQ(left(life, {successor}), Pids{}) << "its number belongs to another process by now";
}

TEST(LifeMarks, ChildrenComeWithTheirParents) {
  EXPECT_EQ(left(kLife, {process(102, 101, 102), process(101, kLauncher, 100), process(103, 102, 102)}),
            (Pids{101, 102, 103}));
}

TEST(LifeMarks, OnlyOrphansThatRun) {
  EXPECT_EQ(left(kLife, {process(101, 50, 100)}, 101), Pids{}) << "somebody else's child";
  EXPECT_EQ(left(kLife, {process(100, kLauncher, 100)}, 100), Pids{}) << "the instance itself";
  ProcessInfo zombie = process(101, kLauncher, 100);
  zombie.state = 'Z';
  EXPECT_EQ(left(kLife, {zombie}, 101), Pids{});
  LifeMarks before = kLife;
  before.process = -1;
  EXPECT_EQ(left(before, {process(101, kLauncher, -1)}), Pids{});
}

TEST(LifeMarks, ALimitThatLimitsNothingIsAMark) {
  EXPECT_EQ(limit_mark("0000000000000001"), (std::uint64_t{1} << 62) + 1);
  EXPECT_EQ(limit_mark("ffffffffffffffff"), (std::uint64_t{1} << 63) - 1) << "less than infinity";
  for (const char* none : {"", "1", "000000000000000g", "00000000000000001", "-000000000000001"})
    EXPECT_FALSE(limit_mark(none)) << none;
}

// What has forked twice, left the session and wiped its environment.
TEST(LifeMarks, AProcessThatHasShedAllElseBearsIt) {
  const pid_t pid = fork();
  if (pid == 0) {
    const rlimit mark{*limit_mark("00000000000000a1"), RLIM_INFINITY};
    setrlimit(RLIMIT_RTTIME, &mark);
    execle("/usr/bin/setsid", "setsid", "/usr/bin/env", "-i", "/bin/sleep", "1000", nullptr, environ);
    _exit(127);
  }
  const auto bears = [pid](const char* variable) {
    for (int i = 0; i < 2'000; ++i) {
      if (bears_mark(pid, variable)) return true;
      usleep(1'000);
    }
    return false;
  };
  EXPECT_TRUE(bears("FRONTDOOR_LIFE=00000000000000a1"));
  EXPECT_FALSE(bears_mark(pid, "FRONTDOOR_LIFE=00000000000000a2"));
  EXPECT_FALSE(bears_mark(getpid(), "FRONTDOOR_LIFE=00000000000000a1"));
  EXPECT_FALSE(bears_mark(pid, "FRONTDOOR_LIFE"));
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  EXPECT_FALSE(bears_mark(pid, "FRONTDOOR_LIFE=00000000000000a1"));
}

}  // namespace
}  // namespace frontdoor
