#include "proxy/upstreams/drain.h"

#include <algorithm>
#include <cmath>

namespace frontdoor {

namespace {

constexpr double kShareForClosing = 0.8;
constexpr double kShareForAnswers = 0.9;
constexpr Millis kPace{100};  // nobody's reconnecting needs more distance than this

constexpr Millis kIdleSpread{400};
constexpr Millis kQuiet{300};  // a round trip around the world
// A client has connected to send a request. One that is short of CPU takes its time between the two.
constexpr Millis kFirstRequest{2'000};
constexpr double kShareForEnding = 0.5;

// Multiples of the golden ratio, less their whole part, fill the unit interval evenly however many there are.
constexpr double kGoldenRatio = 0.618033988749894848;

// Of the `index`-th one, in [0, 1).
double place_of(std::size_t index) {
  const double whole = static_cast<double>(index) * kGoldenRatio;
  return whole - std::floor(whole);
}

TimePoint share_of(const DrainWindow& window, double share) {
  return window.from + std::chrono::duration_cast<Duration>((window.until - window.from) * share);
}

}  // namespace

TimePoint closing_moment(const DrainWindow& window, std::size_t index, std::size_t count) {
  if (window.until <= window.from) return window.from;
  const Duration most = share_of(window, kShareForClosing) - window.from;
  const Duration span = kPace * count < most ? Duration{kPace * count} : most;
  return window.from + std::chrono::duration_cast<Duration>(span * place_of(index));
}

TimePoint closing_moment_of_idle(TimePoint from, IdleKind kind, TimePoint idle_since, std::size_t index,
                                 std::size_t count) {
  const Duration span = std::min<Duration>(kPace * count, kIdleSpread);
  const TimePoint spread = from + std::chrono::duration_cast<Duration>(span * place_of(index));
  if (kind == IdleKind::Unused) return std::clamp(idle_since + kFirstRequest, spread, from + kFirstRequest);
  return std::clamp(idle_since + kQuiet, spread, from + kIdleSpread);
}

TimePoint StreamDrain::next_moment(TimePoint now, Millis drain_streams) {
  if (!window_) return TimePoint::max();
  const TimePoint from = std::max(window_->from, now);
  const DrainWindow window{from, std::min(from + drain_streams, window_->until)};
  if (window.until <= window.from) return window.from;
  return share_of(window, kShareForEnding + (1 - kShareForEnding) * place_of(count_++));
}

TimePoint answers_until(const DrainWindow& window) {
  return window.until <= window.from ? window.until : share_of(window, kShareForAnswers);
}

}  // namespace frontdoor
