// Timeouts without a syscall each: a hashed wheel with a coarse tick. Arming and cancelling are a few pointer writes.
// Time comes as an argument, so tests move it. A timer never fires early and at most one tick late.
// One worker owns a wheel; all its timers live on that thread.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/time.h"
#include "loop/intrusive_list.h"

namespace frontdoor {

class Timer : public Listed<class TimerTag> {
 public:
  bool armed() const { return linked(); }
  TimePoint due() const { return due_; }
  void cancel() { unlink(); }

 protected:
  virtual ~Timer() = default;
  // Called by TimerWheel::advance, already disarmed. May arm itself again; must not run the program further than
  // marking something ready.
  virtual void expired(TimePoint now) = 0;

 private:
  friend class TimerWheel;
  TimePoint due_{};
};

class TimerWheel {
 public:
  static constexpr Millis kTick{16};

  explicit TimerWheel(TimePoint start) : tick_(tick_of(start)) {}

  void arm(Timer& timer, TimePoint due);
  void advance(TimePoint now);

  // How long a loop may sleep before it must call advance; nothing when no timer is armed. May be early (a timer
  // more than one turn of the wheel away), never late.
  std::optional<Duration> sleep_limit(TimePoint now) const;

 private:
  static constexpr std::size_t kSlots = 1024;  // 16 s a turn
  using Slot = List<Timer, Listed<class TimerTag>>;

  static std::uint64_t tick_of(TimePoint t) {
    return static_cast<std::uint64_t>(t.time_since_epoch() / kTick);
  }
  void expire_slot(std::size_t index, TimePoint now);

  std::uint64_t tick_;  // every slot up to and including this tick has been expired
  std::array<Slot, kSlots> slots_;
  std::array<std::uint64_t, kSlots / 64> occupied_{};  // may show a slot whose timers have been cancelled since
};

}  // namespace frontdoor
