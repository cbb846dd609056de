#include "proxy/drain.h"

#include <algorithm>
#include <cmath>

namespace frontdoor {

namespace {

constexpr double kShareForClosing = 0.8;
constexpr double kShareForAnswers = 0.9;
constexpr Millis kPace{100};  // nobody's reconnecting needs more distance than this

// Multiples of the golden ratio, less their whole part, fill the unit interval evenly however many there are.
constexpr double kGoldenRatio = 0.618033988749894848;

TimePoint share_of(const DrainWindow& window, double share) {
  return window.from + std::chrono::duration_cast<Duration>((window.until - window.from) * share);
}

}  // namespace

TimePoint closing_moment(const DrainWindow& window, std::size_t index, std::size_t count) {
  if (window.until <= window.from) return window.from;
  const Duration most = share_of(window, kShareForClosing) - window.from;
  const Duration span = kPace * count < most ? Duration{kPace * count} : most;
  const double whole = static_cast<double>(index) * kGoldenRatio;
  return window.from + std::chrono::duration_cast<Duration>(span * (whole - std::floor(whole)));
}

TimePoint answers_until(const DrainWindow& window) {
  return window.until <= window.from ? window.until : share_of(window, kShareForAnswers);
}

}  // namespace frontdoor
