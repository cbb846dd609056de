// A turn of the loop: events mark, then the ready run; other threads get in by post().

#include "loop/event_loop.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "support/fake_time.h"

namespace frontdoor {
namespace {

using namespace std::chrono_literals;

struct Action final : Runnable {
  explicit Action(std::function<void()> f) : action(std::move(f)) {}
  std::function<void()> action;
  void run() override { action(); }
};

struct LoopStage {
  testing::FakeTime time;
  KernelSocketOps ops;
  EventLoop loop{time, ops};
};

TEST(EventLoop, RunsTheReadyInTheOrderInWhichTheyBecameReady) {
  LoopStage stage;
  std::string trace;
  Action a([&] { trace += 'a'; });
  Action b([&] { trace += 'b'; });
  stage.loop.enqueue(b);
  stage.loop.enqueue(a);
  stage.loop.enqueue(b);  // is listed already
  stage.loop.run_once(Millis{1'000});
  EXPECT_EQ(trace, "ba");
}

TEST(EventLoop, WhoBecomesReadyDuringATurnRunsInTheNext) {
  LoopStage stage;
  std::string trace;
  Action later([&] { trace += 'l'; });
  Action first([&] {
    trace += 'f';
    stage.loop.enqueue(later);
    stage.loop.enqueue(first);
  });
  stage.loop.enqueue(first);
  stage.loop.run_once(Millis{1'000});
  EXPECT_EQ(trace, "f");
  stage.loop.run_once(Millis{60'000});  // does not wait: somebody is ready
  EXPECT_EQ(trace, "flf");
  first.unlink();
}

TEST(EventLoop, WhatIsToRunLastRunsOnceBehindAllThatIsReady) {
  LoopStage stage;
  std::string trace;
  Action last([&] { trace += 'l'; });
  Action a([&] {
    trace += 'a';
    stage.loop.run_last(last);
  });
  Action b([&] {
    trace += 'b';
    stage.loop.run_last(last);
  });
  stage.loop.enqueue(a);
  stage.loop.enqueue(b);
  stage.loop.run_once(Millis{1'000});
  EXPECT_EQ(trace, "abl");
  stage.loop.run_last(last);
  stage.loop.run_once(Millis{60'000});  // it does not sleep before
  EXPECT_EQ(trace, "abll");
  stage.loop.run_last(last);
  last.unlink();
  stage.loop.run_once(Millis{0});
  EXPECT_EQ(trace, "abll");
}

TEST(EventLoop, WhoIsDestroyedByAnotherInTheSameTurnDoesNotRun) {
  LoopStage stage;
  auto victim = std::make_unique<Action>([] { FAIL() << "destroyed, yet run"; });
  Action killer([&] { victim.reset(); });
  stage.loop.enqueue(killer);
  stage.loop.enqueue(*victim);
  stage.loop.run_once(Millis{0});
  EXPECT_EQ(victim, nullptr);
}

TEST(EventLoop, ExpiredTimersMarkBeforeTheReadyRun) {
  LoopStage stage;
  std::string trace;
  Action woken([&] { trace += 'w'; });
  struct Alarm final : Timer {
    std::function<void()> action;
    void expired(TimePoint) override { action(); }
  } alarm;
  alarm.action = [&] { stage.loop.enqueue(woken); };
  stage.loop.arm(alarm, stage.loop.now() + 20ms);
  stage.time.advance(40ms);
  stage.loop.run_once(Millis{0});
  EXPECT_EQ(trace, "w");
}

TEST(EventLoop, SleepsUntilTheNextTimerAndNoLonger) {
  TimeSource real;
  KernelSocketOps ops;
  EventLoop loop(real, ops);
  struct Alarm final : Timer {
    bool rang = false;
    void expired(TimePoint) override { rang = true; }
  } alarm;
  const TimePoint due = loop.now() + 30ms;
  loop.arm(alarm, due);
  while (!alarm.rang) loop.run_once(Millis{10'000});
  EXPECT_GE(loop.now(), due);
}

TEST(EventLoop, RunsWhatAnotherThreadPosts) {
  TimeSource real;
  KernelSocketOps ops;
  EventLoop loop(real, ops);
  std::thread::id ran_on;
  std::string order;
  std::thread poster([&] {
    loop.post([&] {
      ran_on = std::this_thread::get_id();
      order += '1';
    });
    loop.post([&] { order += '2'; });
    loop.post([&] { loop.stop(); });
  });
  loop.run();
  poster.join();
  EXPECT_EQ(ran_on, std::this_thread::get_id());
  EXPECT_EQ(order, "12");
}

TEST(EventLoop, WorkThatPostsWorkRunsItInALaterTurn) {
  LoopStage stage;
  std::string trace;
  stage.loop.post([&] {
    trace += 'a';
    stage.loop.post([&] { trace += 'b'; });
  });
  stage.loop.run_once(Millis{0});
  EXPECT_EQ(trace, "a");
  stage.loop.run_once(Millis{0});
  EXPECT_EQ(trace, "ab");
}

TEST(EventLoop, StopBeforeRunReturnsAtOnce) {
  LoopStage stage;
  stage.loop.stop();
  stage.loop.run();
}

// Every event of a turn is marked before anybody runs, so nobody can destroy a handler that still has an
// event coming.
TEST(EventLoop, MarksAllEventsBeforeAnybodyRuns) {
  struct Handler final : EpollHandler {
    std::function<void()> action;
    void on_events(std::uint32_t) override { action(); }
  };
  LoopStage stage;
  int pairs[2][2];
  std::string trace;
  Action destroyer([&] { trace += 'r'; });
  Handler handlers[2];
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pairs[i]), 0);
    handlers[i].action = [&] {
      trace += 'm';
      stage.loop.enqueue(destroyer);
    };
    ASSERT_TRUE(stage.loop.watch(pairs[i][0], EPOLLIN | EPOLLET, handlers[i]));
    ASSERT_EQ(::write(pairs[i][1], "x", 1), 1);
  }
  stage.loop.run_once(Millis{0});
  EXPECT_EQ(trace, "mmr");
  for (auto& pair : pairs) {
    stage.loop.unwatch(pair[0], handlers[&pair - pairs]);
    ASSERT_EQ(::write(pair[1], "x", 1), 1);
  }
  stage.loop.run_once(Millis{0});
  EXPECT_EQ(trace, "mmr") << "nothing is told after unwatch";
  for (auto& pair : pairs) ::close(pair[0]), ::close(pair[1]);
}

TEST(EventLoop, CountsWhatItWatchesAndSaysWhenADescriptorCannotBeWatched) {
  struct Handler final : EpollHandler {
    void on_events(std::uint32_t) override {}
  } handler;
  LoopStage stage;
  const std::size_t own = stage.loop.watched();
  EXPECT_FALSE(stage.loop.watch(-1, EPOLLIN, handler));
  EXPECT_EQ(errno, EBADF);
  EXPECT_EQ(stage.loop.watched(), own);

  const int fd = ::eventfd(0, EFD_CLOEXEC);
  EXPECT_TRUE(stage.loop.watch(fd, EPOLLIN, handler));
  EXPECT_EQ(stage.loop.watched(), own + 1);
  stage.loop.unwatch(fd, handler);
  stage.loop.unwatch(fd, handler);
  EXPECT_EQ(stage.loop.watched(), own);
  EXPECT_TRUE(stage.loop.watch(fd, EPOLLIN, handler)) << "it may be watched again";
  stage.loop.forget(handler);
  stage.loop.forget(handler);
  EXPECT_EQ(stage.loop.watched(), own);
  ::close(fd);
}

// While a process is spawned it holds a copy of each descriptor until its exec, and epoll goes on telling what happens
// to what was closed here. Nobody hears it: neither who is gone, nor who has been given the entry since.
TEST(EventLoop, EventsOfWhatWasForgottenAreForNobody) {
  struct Handler final : EpollHandler {
    int told = 0;
    void on_events(std::uint32_t) override { ++told; }
  };
  LoopStage stage;
  int first[2];
  int second[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, first), 0);
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, second), 0);
  auto gone = std::make_unique<Handler>();
  ASSERT_TRUE(stage.loop.watch(first[0], EPOLLIN | EPOLLRDHUP | EPOLLET, *gone));
  const int copy = ::dup(first[0]);
  stage.loop.forget(*gone);
  ::close(first[0]);
  gone.reset();
  ASSERT_EQ(::write(first[1], "x", 1), 1);
  stage.loop.run_once(Millis{0});  // nobody has its entry

  Handler heir;
  ASSERT_TRUE(stage.loop.watch(second[0], EPOLLIN | EPOLLET, heir));
  ASSERT_EQ(::write(first[1], "x", 1), 1);
  stage.loop.run_once(Millis{0});
  EXPECT_EQ(heir.told, 0);
  ASSERT_EQ(::write(second[1], "x", 1), 1);
  ::close(first[1]);
  stage.loop.run_once(Millis{0});
  EXPECT_EQ(heir.told, 1);
  stage.loop.unwatch(second[0], heir);
  ::close(copy);
  for (const int fd : second) ::close(fd);
}

TEST(EventLoop, WhatIsWatchedForMayChange) {
  struct Handler final : EpollHandler {
    std::uint32_t events = 0;
    void on_events(std::uint32_t told) override { events |= told; }
  } handler;
  LoopStage stage;
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  ASSERT_TRUE(stage.loop.watch(pair[0], EPOLLIN | EPOLLET, handler));
  stage.loop.run_once(Millis{0});
  EXPECT_EQ(handler.events, 0u);
  stage.loop.watch_for(pair[0], EPOLLIN | EPOLLOUT | EPOLLET, handler);
  stage.loop.run_once(Millis{0});
  EXPECT_EQ(handler.events, std::uint32_t{EPOLLOUT}) << "what is so already is told too";
  stage.loop.unwatch(pair[0], handler);
  for (const int fd : pair) ::close(fd);
}

// ---- Waking

TEST(EventLoop, ManyPostsToALoopThatHasNotComeToThemWakeItOnce) {
  LoopStage stage;
  int done = 0;
  for (int i = 0; i < 10'000; ++i) stage.loop.post([&] { ++done; });
  stage.loop.run_once(Millis{0});
  EXPECT_EQ(done, 10'000);
  EXPECT_EQ(stage.loop.wakes(), 1u);

  // What is posted by posted work is heard in the next turn.
  stage.loop.post([&] { stage.loop.post([&] { ++done; }); });
  stage.loop.run_once(Millis{60'000});
  stage.loop.run_once(Millis{60'000});
  EXPECT_EQ(done, 10'001);
  EXPECT_EQ(stage.loop.wakes(), 3u);
}

// A post between the moments in which the loop is woken, says so and takes the work must not be left behind: here each
// poster waits for its last post before the next, so that one that is lost stops it for ever.
TEST(EventLoop, NoPostIsLeftBehindWhileTheLoopTakesThem) {
  constexpr int kPosters = 3;
  constexpr int kRounds = 3'000;
  TimeSource real;
  KernelSocketOps ops;
  EventLoop loop(real, ops);
  std::atomic<int> posters{kPosters};
  std::atomic<int> of_each[kPosters] = {};
  std::vector<std::thread> threads;
  for (std::atomic<int>& done : of_each) {
    threads.emplace_back([&] {
      for (int round = 1; round <= kRounds; ++round) {
        loop.post([&] { done.fetch_add(1); });
        loop.post([&] {
          done.fetch_add(1);
          done.notify_one();
        });
        for (int seen = done.load(); seen != 2 * round; seen = done.load()) done.wait(seen);
      }
      if (posters.fetch_sub(1) == 1) loop.stop();
    });
  }
  loop.run();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(posters.load(), 0);
  EXPECT_LE(loop.wakes(), std::uint64_t{2 * kPosters * kRounds + 1});
}

}  // namespace
}  // namespace frontdoor
