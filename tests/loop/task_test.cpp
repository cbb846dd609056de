// Tasks: values, exceptions, who runs when, and frames that come back.

#include "loop/task.h"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace frontdoor {
namespace {

// A gate that a test opens by hand.
struct Gate {
  std::coroutine_handle<> waiting;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) noexcept { waiting = handle; }
  void await_resume() const noexcept {}
  void open() { std::exchange(waiting, nullptr).resume(); }
};

Detached store(Task<std::string> task, std::string& into) { into = co_await task; }

Task<std::string> text(std::string value) { co_return value; }
Task<std::string> twice(std::string value) {
  const std::string once = co_await text(value);
  co_return once + once;
}

TEST(Task, ReturnsAValueThroughSeveralLevels) {
  std::string got;
  store(twice("ab"), got);
  EXPECT_EQ(got, "abab");
}

Task<std::unique_ptr<int>> move_only() { co_return std::make_unique<int>(7); }
Detached store_number(int& into) {
  const auto owner = co_await move_only();
  into = *owner;
}

TEST(Task, ReturnsWhatCanOnlyBeMoved) {
  int got = 0;
  store_number(got);
  EXPECT_EQ(got, 7);
}

Task<> append_when_open(Gate& gate, std::string& trace) {
  trace += "started ";
  co_await gate;
  trace += "opened ";
}
Detached await_gate(Gate& gate, std::string& trace) {
  auto task = append_when_open(gate, trace);
  trace += "made ";
  co_await task;
  trace += "done";
}

TEST(Task, StartsWhenItIsAwaitedAndHandsControlStraightBack) {
  Gate gate;
  std::string trace;
  await_gate(gate, trace);
  EXPECT_EQ(trace, "made started ");
  gate.open();
  EXPECT_EQ(trace, "made started opened done");
}

Task<int> throws() {
  throw std::runtime_error("oh");
  co_return 1;
}
Task<> passes_on() { co_await throws(); }
Detached catches(std::string& what) {
  try {
    co_await passes_on();
  } catch (const std::runtime_error& error) {
    what = error.what();
  }
}

TEST(Task, AnExceptionReachesTheAwaiter) {
  std::string what;
  catches(what);
  EXPECT_EQ(what, "oh");
}

Task<> hold(std::shared_ptr<int> what, Gate& gate) {
  co_await gate;
  static_cast<void>(what);
}

TEST(Task, ATaskThatIsNeverAwaitedReleasesItsArguments) {
  const auto counted = std::make_shared<int>(1);
  Gate gate;
  {
    const auto task = hold(counted, gate);
    EXPECT_EQ(counted.use_count(), 2);
  }
  EXPECT_EQ(counted.use_count(), 1);
}

Detached hold_to_the_end(std::shared_ptr<int> what, Gate& gate) { co_await hold(what, gate); }

TEST(Task, ADetachedCoroutineDestroysItselfAtItsEnd) {
  const auto counted = std::make_shared<int>(1);
  Gate gate;
  hold_to_the_end(counted, gate);
  EXPECT_GT(counted.use_count(), 1);
  gate.open();
  EXPECT_EQ(counted.use_count(), 1);
}

Task<int> one() { co_return 1; }
Detached count_to(int limit, int& sum) {
  for (int i = 0; i < limit; ++i) sum += co_await one();
}

// As many as the requests that fit into one read. g++ makes symmetric transfer a jump from -O2 on only; below
// that each task that ends without waiting leaves a little on the stack until its awaiter waits.
TEST(Task, ALongRowOfTasksThatDoNotWait) {
  int sum = 0;
  count_to(5'000, sum);
  EXPECT_EQ(sum, 5'000);
}

TEST(FramePool, GivesBackTheFrameFreedLast) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "frames are not recycled under AddressSanitizer";
#endif
  void* const first = allocate_frame(500);
  void* const second = allocate_frame(500);
  EXPECT_NE(first, second);
  free_frame(first, 500);
  EXPECT_EQ(allocate_frame(490), first) << "same size class";
  free_frame(second, 500);
  void* const other = allocate_frame(4'000);
  EXPECT_NE(other, second);
  free_frame(first, 490);
  free_frame(other, 4'000);
}

TEST(FramePool, HugeFramesAreOrdinaryMemory) {
  void* const frame = allocate_frame(100'000);
  free_frame(frame, 100'000);
  std::vector<void*> many;
  for (int i = 0; i < 1'000; ++i) many.push_back(allocate_frame(100));  // more than a shelf keeps
  for (void* one_of_many : many) free_frame(one_of_many, 100);
}

}  // namespace
}  // namespace frontdoor
