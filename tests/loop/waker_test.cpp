// A coroutine's one way to wait: nothing that happens before, during or instead of a wait may be lost.

#include "loop/waker.h"

#include <gtest/gtest.h>

#include <string>

#include "loop/task.h"
#include "support/fake_time.h"

namespace frontdoor {
namespace {

using namespace std::chrono_literals;

struct WakerStage {
  testing::FakeTime time;
  KernelSocketOps ops;
  EventLoop loop{time, ops};
  Waker waker{loop};
  int resumed = 0;
  bool stop = false;

  Detached wait_until(TimePoint deadline) {
    co_await waker.until(deadline);
    ++resumed;
  }
  Detached wait_again_and_again(Duration each) {
    while (!stop) {
      co_await waker.until(loop.now() + each);
      ++resumed;
    }
  }
  Detached yield_and_count(int times) {
    for (int i = 0; i < times; ++i) {
      co_await waker.yield();
      ++resumed;
    }
  }
  void turn() { loop.run_once(Millis{0}); }
  void pass(Duration by) {
    time.advance(by);
    turn();
  }
};

TEST(Waker, AWakeResumesInTheNextTurnAndNotBefore) {
  WakerStage stage;
  stage.wait_until(Waker::kNever);
  stage.turn();
  EXPECT_EQ(stage.resumed, 0);
  stage.waker.wake();
  EXPECT_EQ(stage.resumed, 0);
  stage.turn();
  EXPECT_EQ(stage.resumed, 1);
}

TEST(Waker, AWakeBeforeTheWaitIsNotLost) {
  WakerStage stage;
  stage.waker.wake();
  stage.wait_until(Waker::kNever);
  EXPECT_EQ(stage.resumed, 1);
  stage.wait_until(Waker::kNever);  // it counted once
  stage.turn();
  EXPECT_EQ(stage.resumed, 1);
  stage.waker.wake();
  stage.turn();
  EXPECT_EQ(stage.resumed, 2);
}

// Whoever runs already may resume it in the same turn, and the wake that is still listed then is void.
TEST(Waker, IsResumedAtOnceByWhoRunsInItsPlace) {
  WakerStage stage;
  stage.wait_until(Waker::kNever);
  stage.waker.wake();
  stage.waker.resume();
  EXPECT_EQ(stage.resumed, 1);
  stage.wait_until(Waker::kNever);
  stage.turn();
  EXPECT_EQ(stage.resumed, 1);
  stage.waker.resume();
  EXPECT_EQ(stage.resumed, 2);
  stage.waker.resume();  // nobody sleeps
  EXPECT_EQ(stage.resumed, 2);
}

TEST(Waker, SeveralWakesResumeOnce) {
  WakerStage stage;
  stage.wait_again_and_again(1h);
  for (int i = 0; i < 3; ++i) stage.waker.wake();
  stage.turn();
  stage.turn();
  EXPECT_EQ(stage.resumed, 1);
  stage.stop = true;
  stage.waker.wake();
  stage.turn();
}

TEST(Waker, ADeadlineResumesNeverEarly) {
  WakerStage stage;
  stage.wait_until(stage.loop.now() + 100ms);
  stage.pass(99ms);
  EXPECT_EQ(stage.resumed, 0);
  stage.pass(1ms + TimerWheel::kTick);
  EXPECT_EQ(stage.resumed, 1);
}

TEST(Waker, AnEarlierDeadlineThanTheArmedOneIsKept) {
  WakerStage stage;
  stage.wait_until(stage.loop.now() + 10s);
  stage.waker.wake();
  stage.turn();
  stage.wait_until(stage.loop.now() + 100ms);
  stage.pass(100ms + TimerWheel::kTick);
  EXPECT_EQ(stage.resumed, 2);
}

TEST(Waker, ATimerArmedForAnEarlierWaitIsMovedOn) {
  WakerStage stage;
  stage.wait_until(stage.loop.now() + 100ms);
  stage.waker.wake();
  stage.turn();
  ASSERT_EQ(stage.resumed, 1);
  stage.wait_until(stage.loop.now() + 1s);
  stage.pass(500ms);  // the first wait's timer
  EXPECT_EQ(stage.resumed, 1);
  stage.pass(500ms + TimerWheel::kTick);
  EXPECT_EQ(stage.resumed, 2);
}

TEST(Waker, ATimerThatFiredBetweenTwoWaitsDoesNotDisturbTheNext) {
  WakerStage stage;
  stage.wait_until(stage.loop.now() + 100ms);
  stage.waker.wake();
  stage.turn();
  stage.pass(1s);  // nobody waits
  stage.wait_until(stage.loop.now() + 100ms);
  stage.turn();
  EXPECT_EQ(stage.resumed, 1);
  stage.pass(100ms + TimerWheel::kTick);
  EXPECT_EQ(stage.resumed, 2);
}

TEST(Waker, AnOldDeadlineDoesNotEndAWaitWithoutOne) {
  WakerStage stage;
  stage.wait_until(stage.loop.now() + 100ms);
  stage.waker.wake();
  stage.turn();
  stage.wait_until(Waker::kNever);
  stage.pass(10s);
  EXPECT_EQ(stage.resumed, 1);
  stage.waker.wake();
  stage.turn();
  EXPECT_EQ(stage.resumed, 2);
}

TEST(Waker, WakeAndDeadlineInOneTurnResumeOnce) {
  WakerStage stage;
  stage.wait_again_and_again(100ms);
  stage.waker.wake();
  stage.pass(200ms);
  EXPECT_EQ(stage.resumed, 1);
  stage.stop = true;
  stage.waker.wake();
  stage.turn();
}

TEST(Waker, YieldLetsOthersRunFirst) {
  struct Other final : Runnable {
    WakerStage& stage;
    std::string& trace;
    Other(WakerStage& s, std::string& t) : stage(s), trace(t) {}
    void run() override { trace += std::to_string(stage.resumed); }
  };
  WakerStage stage;
  std::string trace;
  Other other(stage, trace);
  stage.yield_and_count(2);
  EXPECT_EQ(stage.resumed, 0);
  stage.loop.enqueue(other);
  stage.turn();
  EXPECT_EQ(stage.resumed, 1);
  stage.loop.enqueue(other);
  stage.turn();  // the coroutine yielded before `other` was enqueued
  EXPECT_EQ(stage.resumed, 2);
  EXPECT_EQ(trace, "12");
}

TEST(Waker, YieldResumesEvenIfAWakeCameBefore) {
  WakerStage stage;
  stage.waker.wake();
  stage.yield_and_count(1);
  EXPECT_EQ(stage.resumed, 0) << "a wake does not turn a yield into no yield";
  stage.turn();
  EXPECT_EQ(stage.resumed, 1);
}

TEST(Waker, AWakerMayDieWhileItsTimerIsArmedOrItIsReady) {
  testing::FakeTime time;
  KernelSocketOps ops;
  EventLoop loop(time, ops);
  struct Sleeper {
    static Detached wait(Waker& waker, TimePoint deadline, std::coroutine_handle<>& self) {
      struct Self {
        std::coroutine_handle<>& into;
        bool await_ready() const noexcept { return false; }
        bool await_suspend(std::coroutine_handle<> handle) noexcept {
          into = handle;
          return false;
        }
        void await_resume() const noexcept {}
      };
      Self give_handle{self};
      co_await give_handle;
      co_await waker.until(deadline);
    }
  };
  {
    Waker waker(loop);
    std::coroutine_handle<> self;
    Sleeper::wait(waker, loop.now() + 100ms, self);
    waker.wake();
    self.destroy();
  }
  time.advance(1s);
  loop.run_once(Millis{0});
}

}  // namespace
}  // namespace frontdoor
