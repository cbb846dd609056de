// The order in a hold queue, its bounds, and that no wake-up is lost in any interleaving of those who wait and those
// who make capacity.

#include "balancer/hold_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <random>
#include <thread>
#include <vector>

namespace frontdoor {
namespace {

using ::testing::ElementsAre;
using Left = HoldQueue::Left;

constexpr HoldQueue::Limits kRoomy{1'000, 1'000'000};

struct Caller final : HoldQueue::Waiter {
  explicit Caller(std::vector<int>* order = nullptr, int name = 0) : calls(order), number(name) {}
  void called(std::size_t position) override {
    was_called = true;
    ahead = position;
    if (calls) calls->push_back(number);
  }
  std::vector<int>* calls;
  int number;
  bool was_called = false;
  std::size_t ahead = 0;
};

TEST(HoldQueue, CallsInTheOrderOfArrival) {
  HoldQueue queue;
  std::vector<int> order;
  Caller a(&order, 1), b(&order, 2), c(&order, 3);
  for (auto* waiter : {&a, &b, &c}) ASSERT_NE(queue.enter(*waiter, 10, kRoomy), 0u);
  EXPECT_EQ(queue.size(), 3u);
  EXPECT_EQ(queue.bytes(), 30u);
  queue.call(1);
  EXPECT_THAT(order, ElementsAre(1));
  queue.call(HoldQueue::kAll);
  EXPECT_THAT(order, ElementsAre(1, 2, 3));
  EXPECT_EQ(b.ahead, 0u);
  EXPECT_EQ(c.ahead, 1u);
  queue.call(1);  // nobody left
}

TEST(HoldQueue, WhoComesBackHasItsOldPlace) {
  HoldQueue queue;
  std::vector<int> order;
  Caller a(&order, 1), b(&order, 2), c(&order, 3);
  const auto first = queue.enter(a, 0, kRoomy);
  const auto second = queue.enter(b, 0, kRoomy);
  queue.call(2);
  queue.enter(c, 0, kRoomy);
  EXPECT_EQ(queue.enter(b, 0, kRoomy, second), second);
  EXPECT_EQ(queue.enter(a, 0, kRoomy, first), first);
  EXPECT_TRUE(queue.first(first));
  EXPECT_FALSE(queue.first(second));
  order.clear();
  queue.call(HoldQueue::kAll);
  EXPECT_THAT(order, ElementsAre(1, 2, 3));
  EXPECT_EQ(queue.size(), 3u) << "called, and not there yet";
}

TEST(HoldQueue, IsBoundedInCountAndBytes) {
  HoldQueue queue;
  Caller waiter;
  const auto first = queue.enter(waiter, 60, {2, 100});
  EXPECT_NE(first, 0u);
  EXPECT_EQ(queue.enter(waiter, 41, {2, 100}), 0u) << "too many bytes";
  const auto second = queue.enter(waiter, 40, {2, 100});
  EXPECT_NE(second, 0u);
  EXPECT_EQ(queue.enter(waiter, 0, {2, 100}), 0u) << "too many";
  queue.leave(first, Left::Empty);
  EXPECT_EQ(queue.bytes(), 40u);
  EXPECT_NE(queue.enter(waiter, 60, {2, 100}), 0u) << "a place was freed";
  EXPECT_EQ(queue.enter(waiter, 1, {5, 10}), 0u) << "a reload has made it smaller than what is in it";
}

TEST(HoldQueue, WhoLeavesWithoutTakingAnythingPassesTheCallOn) {
  HoldQueue queue;
  std::vector<int> order;
  Caller a(&order, 1), b(&order, 2), c(&order, 3);
  const auto first = queue.enter(a, 0, kRoomy);
  const auto second = queue.enter(b, 0, kRoomy);
  queue.enter(c, 0, kRoomy);
  queue.call(1);
  queue.leave(first, Left::Empty);
  EXPECT_THAT(order, ElementsAre(1, 2));
  queue.leave(second, Left::UsedCall);
  EXPECT_THAT(order, ElementsAre(1, 2)) << "it used what it was called for";
  EXPECT_EQ(queue.size(), 1u);
}

TEST(HoldQueue, WhoFindsCapacityUncalledLetsTheNextOneLook) {
  HoldQueue queue;
  std::vector<int> order;
  Caller a(&order, 1), b(&order, 2), c(&order, 3);
  const auto first = queue.enter(a, 0, kRoomy);
  queue.enter(b, 0, kRoomy);
  queue.enter(c, 0, kRoomy);
  queue.leave(first, Left::FoundItself);
  EXPECT_THAT(order, ElementsAre(2));
}

TEST(HoldQueue, WhoWasNotCalledLeavesQuietly) {
  HoldQueue queue;
  Caller a, b;
  const auto first = queue.enter(a, 0, kRoomy);
  queue.enter(b, 0, kRoomy);
  queue.leave(first, Left::Empty);
  EXPECT_FALSE(b.was_called);
  queue.leave(first, Left::Empty);  // twice is harmless
  EXPECT_EQ(queue.size(), 1u);
  EXPECT_TRUE(queue.occupied());
}

TEST(HoldQueue, NobodyOvertakesWhoWasCalledAndIsOnItsWay) {
  HoldQueue queue;
  Caller called, newcomer;
  const auto first = queue.enter(called, 0, kRoomy);
  queue.call(1);
  const auto second = queue.enter(newcomer, 0, kRoomy);
  EXPECT_FALSE(queue.first(second)) << "the slot was given to the one before";
  EXPECT_TRUE(queue.first(first));
  queue.leave(first, Left::Empty);
  EXPECT_TRUE(newcomer.was_called) << "the last called that leaves calls on";
}

TEST(HoldQueue, ACallThatFindsNobodyToCallIsKeptForTheNextThatComes) {
  HoldQueue queue;
  Caller called, next, last;
  const auto first = queue.enter(called, 0, kRoomy);
  queue.call(1);
  queue.call(1);
  queue.enter(next, 0, kRoomy);
  EXPECT_TRUE(next.was_called);
  EXPECT_EQ(next.ahead, 1u) << "behind the one that was called before";
  queue.enter(last, 0, kRoomy);
  EXPECT_FALSE(last.was_called) << "one call, one request";
  queue.leave(first, Left::UsedCall);
  EXPECT_FALSE(last.was_called);
}

TEST(HoldQueue, WhoLooksInVainAndComesBackIsNotCalledAgainForTheSame) {
  HoldQueue queue;
  Caller early, late;
  queue.enter(early, 0, kRoomy);
  const auto second = queue.enter(late, 0, kRoomy);
  queue.call(HoldQueue::kAll);  // an upstream comes up, and is down again before the second looks
  late.was_called = false;
  queue.enter(late, 0, {}, second);
  EXPECT_FALSE(late.was_called) << "or it would look again and again while the first one is on its way";
  queue.call(1);
  EXPECT_TRUE(late.was_called);
}

TEST(HoldQueue, WhatComesBetweenALookAndTheWayBackIsHeard) {
  HoldQueue queue;
  Caller early, late;
  queue.enter(early, 0, kRoomy);
  const auto second = queue.enter(late, 0, kRoomy);
  queue.call(2);
  late.was_called = false;
  queue.call(1);  // nobody waits: kept
  queue.enter(late, 0, {}, second);
  EXPECT_TRUE(late.was_called);
}

// ---- Interleavings. Everyone is a row of steps; a schedule says whose step comes next.

class World {
 public:
  // Waiters behave as proxy/exchange/exchange_hold.cpp does. `quitters` of them give up at some point instead of being served.
  World(int waiters, int quitters, int releases) {
    for (int i = 0; i < waiters + quitters; ++i) {
      waiters_.push_back(std::make_unique<Request>());
      waiters_.back()->quits = i >= waiters;
    }
    releases_.resize(static_cast<std::size_t>(releases));
  }

  std::size_t actors() const { return waiters_.size() + releases_.size(); }
  bool enabled(std::size_t actor) const {
    if (actor >= waiters_.size()) return releases_[actor - waiters_.size()] < 2;
    const Request& request = *waiters_[actor];
    switch (request.at) {
      case Step::Done: return false;
      case Step::Asleep: return request.was_called || request.quits;
      default: return true;
    }
  }
  void step(std::size_t actor) {
    if (actor >= waiters_.size()) return release(releases_[actor - waiters_.size()]);
    wait(*waiters_[actor]);
  }
  bool someone_sleeps() const {
    return std::any_of(waiters_.begin(), waiters_.end(), [](const auto& w) { return w->at == Step::Asleep; });
  }
  int free() const { return free_; }
  const HoldQueue& queue() const { return queue_; }

 private:
  enum class Step { Arrive, Enter, FirstLook, Asleep, Look, LookAgain, Done };
  struct Request final : HoldQueue::Waiter {
    void called(std::size_t) override { was_called = true; }
    Step at = Step::Arrive;
    HoldQueue::Ticket ticket = 0;
    bool was_called = false;  // and has not looked since
    bool quits = false;
  };

  bool take(Request& request, Left how) {
    if (free_ == 0) return false;
    --free_;
    request.at = Step::Done;
    if (request.ticket != 0) queue_.leave(request.ticket, how);
    return true;
  }
  void wait(Request& request) {
    switch (request.at) {
      case Step::Arrive:
        if (queue_.occupied() || !take(request, Left::Empty)) request.at = Step::Enter;
        break;
      case Step::Enter:
        request.ticket = queue_.enter(request, 1, kRoomy);
        request.at = Step::FirstLook;
        break;
      case Step::FirstLook:  // a call that comes meanwhile is heard later: it is posted
      case Step::LookAgain:
        if (!queue_.first(request.ticket) || !take(request, Left::FoundItself)) request.at = Step::Asleep;
        break;
      case Step::Asleep:
        if (request.quits) {
          request.at = Step::Done;
          queue_.leave(request.ticket, Left::Empty);
        } else {
          request.at = Step::Look;
        }
        break;
      case Step::Look:
        if (take(request, Left::UsedCall)) break;
        request.was_called = false;
        queue_.enter(request, 0, {}, request.ticket);
        request.at = Step::LookAgain;
        break;
      case Step::Done: break;
    }
  }
  void release(int& done) {
    if (done++ == 0) {
      ++free_;
    } else if (queue_.occupied()) {
      queue_.call(1);
    }
  }

  HoldQueue queue_;
  int free_ = 0;
  std::vector<std::unique_ptr<Request>> waiters_;
  std::vector<int> releases_;
};

// Runs every schedule, each from the beginning: `choices` is the prefix under way.
void explore(const std::function<World()>& begin, std::vector<std::size_t>& choices, std::size_t& schedules) {
  World world = begin();
  for (const std::size_t choice : choices) world.step(choice);
  bool ended = true;
  for (std::size_t actor = 0; actor < world.actors(); ++actor) {
    if (!world.enabled(actor)) continue;
    ended = false;
    choices.push_back(actor);
    explore(begin, choices, schedules);
    choices.pop_back();
    if (::testing::Test::HasFailure()) return;
  }
  if (!ended) return;
  ++schedules;
  EXPECT_FALSE(world.someone_sleeps() && world.free() > 0)
      << "lost wake-up in the schedule " << ::testing::PrintToString(choices);
}

TEST(HoldQueueInterleaving, NoWakeUpIsLostInAnySchedule) {
  struct {
    int waiters, quitters, releases;
  } cases[] = {{1, 0, 1}, {2, 0, 1}, {1, 1, 1}, {1, 1, 2}, {2, 0, 2}};
  for (const auto& c : cases) {
    std::vector<std::size_t> choices;
    std::size_t schedules = 0;
    explore([&] { return World(c.waiters, c.quitters, c.releases); }, choices, schedules);
    EXPECT_GT(schedules, 5u);
  }
}

TEST(HoldQueueInterleaving, NorInManyRandomSchedulesOfACrowd) {
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    World world(6, 3, 5);
    for (;;) {
      std::vector<std::size_t> enabled;
      for (std::size_t actor = 0; actor < world.actors(); ++actor)
        if (world.enabled(actor)) enabled.push_back(actor);
      if (enabled.empty()) break;
      world.step(enabled[random() % enabled.size()]);
    }
    ASSERT_FALSE(world.someone_sleeps() && world.free() > 0) << "round " << round;
    ASSERT_EQ(world.queue().size(), world.someone_sleeps() ? world.queue().size() : 0u);
  }
}

// With real threads, for TSan: as many are called as there was capacity for, and the queue ends empty.
TEST(HoldQueueInterleaving, ThreadsEnterCallAndLeave) {
  HoldQueue queue;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&] {
      for (int round = 0; round < 2'000; ++round) {
        struct Nobody final : HoldQueue::Waiter {
          void called(std::size_t) override {}
        } waiter;
        const auto ticket = queue.enter(waiter, 1, kRoomy);
        if (queue.first(ticket)) queue.enter(waiter, 1, kRoomy, ticket);
        queue.leave(ticket, round % 2 == 0 ? Left::UsedCall : Left::Empty);
      }
    });
  threads.emplace_back([&] {
    for (int round = 0; round < 2'000; ++round)
      if (queue.occupied()) queue.call(2);
  });
  for (auto& thread : threads) thread.join();
  EXPECT_FALSE(queue.occupied());
  EXPECT_EQ(queue.bytes(), 0u);
}

}  // namespace
}  // namespace frontdoor
