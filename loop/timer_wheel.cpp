#include "loop/timer_wheel.h"

#include <algorithm>
#include <bit>

namespace frontdoor {

void TimerWheel::arm(Timer& timer, TimePoint due) {
  timer.due_ = due;
  // The slot after the due tick: when that tick has begun, `due` has passed for certain.
  const std::uint64_t tick = std::max(tick_of(due) + 1, tick_ + 1);
  const std::size_t index = tick % kSlots;
  slots_[index].push_back(timer);
  occupied_[index / 64] |= std::uint64_t{1} << (index % 64);
}

void TimerWheel::advance(TimePoint now) {
  const std::uint64_t now_tick = tick_of(now);
  if (now_tick <= tick_) return;
  // After a long sleep one full turn visits every slot.
  const std::uint64_t first = std::max(tick_ + 1, now_tick >= kSlots ? now_tick - kSlots + 1 : 0);
  tick_ = now_tick;
  for (std::uint64_t tick = first; tick <= now_tick; ++tick) expire_slot(tick % kSlots, now);
}

void TimerWheel::expire_slot(std::size_t index, TimePoint now) {
  std::uint64_t& word = occupied_[index / 64];
  const std::uint64_t bit = std::uint64_t{1} << (index % 64);
  if (!(word & bit)) return;
  word &= ~bit;

  Slot due_or_later;
  due_or_later.take_all(slots_[index]);
  while (!due_or_later.empty()) {
    Timer& timer = due_or_later.pop_front();
    if (timer.due_ <= now)
      timer.expired(now);
    else
      arm(timer, timer.due_);  // a later turn of the wheel
  }
}

std::optional<Duration> TimerWheel::sleep_limit(TimePoint now) const {
  const std::size_t start = (tick_ + 1) % kSlots;
  for (std::size_t step = 0; step <= kSlots;) {
    const std::size_t index = (start + step) % kSlots;
    const std::uint64_t word = occupied_[index / 64] >> (index % 64);
    if (word == 0) {
      step += 64 - index % 64;
      continue;
    }
    step += static_cast<std::size_t>(std::countr_zero(word));
    if (step >= kSlots) break;
    const TimePoint at{(tick_ + 1 + step) * kTick};
    return at > now ? at - now : Duration::zero();
  }
  return std::nullopt;
}

}  // namespace frontdoor
