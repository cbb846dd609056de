// How a coroutine waits: it sleeps on its one Waker until anything that concerns it has happened (a socket became
// ready, a window opened, its deadline passed, somebody cancels it), then looks at the world again. Several sources
// share a waker, none needs to know the others, and a wake-up that comes before the wait is not lost.
//
//   while (!done()) {
//     try_everything();
//     co_await waker.until(deadline);   // the caller compares loop.now() with its deadline itself
//   }
//
// One thread.

#pragma once

#include <coroutine>
#include <utility>

#include "loop/event_loop.h"

namespace frontdoor {

class Waker final : public Runnable, private Timer {
 public:
  static constexpr TimePoint kNever = TimePoint::max();

  explicit Waker(EventLoop& loop) : loop_(loop) {}

  void wake() {
    woken_ = true;
    if (sleeper_) loop_.enqueue(*this);
  }

  // From somebody who runs in this one's place: its coroutine goes on at once.
  void resume() {
    Runnable::unlink();
    run();
  }

  class Wait {
   public:
    Wait(Waker& waker, TimePoint deadline) : waker_(waker), deadline_(deadline) {}
    bool await_ready() const noexcept { return std::exchange(waker_.woken_, false); }
    void await_suspend(std::coroutine_handle<> sleeper) noexcept { waker_.sleep(sleeper, deadline_); }
    void await_resume() const noexcept {}

   private:
    Waker& waker_;
    TimePoint deadline_;
  };
  Wait until(TimePoint deadline) { return Wait(*this, deadline); }

  // Lets all others that are ready run first.
  Wait yield() {
    woken_ = false;
    yielding_ = true;
    return Wait(*this, kNever);
  }

 private:
  void sleep(std::coroutine_handle<> sleeper, TimePoint deadline) noexcept {
    sleeper_ = sleeper;
    deadline_ = deadline;
    if (std::exchange(yielding_, false)) return loop_.enqueue(*this);
    // A timer that is armed for earlier stays where it is and is moved on when it fires: most waits end long before
    // their deadline, and then cost no wheel operation at all.
    if (deadline != kNever && (!armed() || due() > deadline)) loop_.arm(*this, deadline);
  }

  void run() override {
    woken_ = false;
    if (auto sleeper = std::exchange(sleeper_, nullptr)) sleeper.resume();
  }

  void expired(TimePoint now) override {
    if (!sleeper_ || deadline_ == kNever) return;
    if (deadline_ > now) return loop_.arm(*this, deadline_);
    loop_.enqueue(*this);
  }

  EventLoop& loop_;
  std::coroutine_handle<> sleeper_;
  TimePoint deadline_{};
  bool woken_ = false;
  bool yielding_ = false;
};

}  // namespace frontdoor
