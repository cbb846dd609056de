// What a tree of processes uses, as /proc tells it.

#include "supervisor/triggers/process_usage.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <ctime>
#include <cstring>
#include <functional>

namespace frontdoor {
namespace {

// A child that does its work, says so, and waits for its end.
class Child {
 public:
  explicit Child(const std::function<void()>& work) {
    int done[2];
    EXPECT_EQ(::pipe(done), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      work();
      [[maybe_unused]] const auto said = ::write(done[1], "x", 1);
      ::pause();
      ::_exit(0);
    }
    char word = 0;
    EXPECT_EQ(::read(done[0], &word, 1), 1);
    ::close(done[0]);
    ::close(done[1]);
  }
  ~Child() {
    for (const ProcessInfo& process : process_tree(pid_)) ::kill(process.pid, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
};

constexpr std::size_t kMuch = 64 << 20;

void touch(void* memory) { std::memset(memory, 1, kMuch); }

void* reserve() {
  return ::mmap(nullptr, kMuch, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

TEST(ProcessUsage, ReadsTheProportionalMemory) {
  EXPECT_EQ(parse_proportional_memory("5593b6d57000-7ffde63cb000 ---p 00000000 00:00 0 [rollup]\n"
                                      "Rss:                4144 kB\nPss:                 803 kB\nPss_Dirty: 632 kB\n"),
            803u * 1024);
  for (const std::string_view none : {"", "Pss", "\nPss:", "\nPss_Dirty: 7 kB\n"})
    EXPECT_EQ(parse_proportional_memory(none), 0u) << none;
}

TEST(ProcessUsage, OfAProcessThatHasGoneIsNone) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(usage_of_tree(child, MemoryMeasure::Proportional), ProcessUsage{});
}

TEST(ProcessUsage, CountsTheWholeTreeAndASharedPageOnce) {
  void* const shared = reserve();
  ASSERT_NE(shared, MAP_FAILED);
  touch(shared);
  const Child child([&] {
    int done[2];
    if (::pipe(done) != 0) ::_exit(1);
    if (::fork() == 0) {
      ::setsid();
      touch(shared);
      [[maybe_unused]] const auto said = ::write(done[1], "x", 1);
      ::pause();
      ::_exit(0);
    }
    touch(shared);
    char word = 0;
    [[maybe_unused]] const auto heard = ::read(done[0], &word, 1);
  });
  const auto tree = process_tree(child.pid());
  ASSERT_EQ(tree.size(), 2u);
  EXPECT_EQ(tree[0].pid, child.pid());
  EXPECT_EQ(tree[1].parent, child.pid());

  const ProcessUsage resident = usage_of_tree(child.pid(), MemoryMeasure::Resident);
  const ProcessUsage proportional = usage_of_tree(child.pid(), MemoryMeasure::Proportional);
  EXPECT_EQ(resident.processes, 2u);
  EXPECT_GE(resident.memory_bytes, 2 * kMuch);
  // This process has the pages, too: each of the three is said to have a third.
  EXPECT_GE(proportional.memory_bytes, kMuch / 2);
  EXPECT_LT(proportional.memory_bytes, resident.memory_bytes - kMuch / 2);
  ::munmap(shared, kMuch);
}

TEST(ProcessUsage, CountsTheTimeOfChildrenThatHaveEnded) {
  const Child child([] {
    const pid_t busy = ::fork();
    if (busy == 0) {
      const std::clock_t until = std::clock() + CLOCKS_PER_SEC / 10;
      while (std::clock() < until) continue;
      ::_exit(0);
    }
    ::waitpid(busy, nullptr, 0);
  });
  EXPECT_GE(usage_of_tree(child.pid(), MemoryMeasure::Resident).cpu, Millis(80));
}

TEST(ProcessUsage, TheShareOfACpuIsMeasuredBetweenTwoLooks) {
  const auto used = [](Millis cpu) { return ProcessUsage{1, 0, cpu}; };
  EXPECT_DOUBLE_EQ(cpu_share(used(Millis(500)), used(Millis(2'000)), Millis(1'000)), 1.5);
  EXPECT_DOUBLE_EQ(cpu_share(used(Millis(500)), used(Millis(500)), Millis(1'000)), 0);
  EXPECT_DOUBLE_EQ(cpu_share(used(Millis(500)), used(Millis(100)), Millis(1'000)), 0);
  EXPECT_DOUBLE_EQ(cpu_share(used(Millis(500)), used(Millis(900)), Millis(0)), 0);
}

}  // namespace
}  // namespace frontdoor
