// Whether a pool's instances were stopped for want of requests (`idle_stop`), and who is told when one comes. One for
// each pool, carried over reloads. The control thread lets it sleep; the first request that must wait calls, once.
//
//   awake ── fall_asleep ──► asleep ── a request waits ──► waking ── instances are there, or can not come ──► awake

#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <utility>

namespace frontdoor {

class PoolSleep {
 public:
  // Control thread. `wake` is called on the thread of the request: it posts and returns.
  void fall_asleep(std::function<void()> wake) {
    const std::lock_guard lock(mutex_);
    wake_ = std::move(wake);
    state_.store(State::Asleep, std::memory_order_release);
  }
  void wake_up() { state_.store(State::Awake, std::memory_order_release); }

  // Any thread. Its instances come when a request does: it is worth waiting for.
  bool wakes() const { return state_.load(std::memory_order_acquire) != State::Awake; }
  void request_waits() {
    State expected = State::Asleep;
    if (!state_.compare_exchange_strong(expected, State::Waking, std::memory_order_acq_rel)) return;
    const std::lock_guard lock(mutex_);
    try {
      if (wake_) wake_();
    } catch (...) {  // no memory to say so: the next request tries again, or nobody would ever
      state_.store(State::Asleep, std::memory_order_release);
      throw;
    }
  }

 private:
  enum class State : std::uint8_t { Awake, Asleep, Waking };
  std::atomic<State> state_{State::Awake};
  std::mutex mutex_;
  std::function<void()> wake_;
};

}  // namespace frontdoor
