#include "proxy/upstreams/idle_limit.h"

#include <algorithm>

namespace frontdoor {

namespace {

constexpr Millis kBeforeAnythingIsLearned{4'000};  // Node's 5 s, and a second for the way
constexpr Millis kMargin{1'000};
constexpr Duration kSameMoment = Millis{100};
constexpr Duration kTolerance = Millis{20};  // our wheel ticks every few milliseconds, theirs may as well

}  // namespace

Duration idle_limit(Millis configured, Millis learned) {
  if (learned == Millis{0}) return std::min(configured, kBeforeAnythingIsLearned);
  return std::min(configured, learned - std::min(kMargin, learned / 2));
}

std::optional<Millis> keep_alive_timeout(std::string_view value) {
  constexpr std::string_view key = "timeout=";
  const auto at = value.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view digits = value.substr(at + key.size());
  if (digits.empty() || digits.front() < '0' || digits.front() > '9') return std::nullopt;
  long seconds = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9' || seconds > 86'400) break;
    seconds = seconds * 10 + (c - '0');
  }
  return std::chrono::seconds{seconds};
}

std::optional<Millis> ObservedCloses::note(Duration idle, TimePoint now) {
  const bool another_moment = last_at_ != TimePoint{} && now - last_at_ > kSameMoment;
  const Duration tolerance = std::max(kTolerance, last_idle_ / 8);
  const bool same_age = idle > last_idle_ - tolerance && idle < last_idle_ + tolerance;
  const Duration shorter = std::min(idle, last_idle_);
  last_idle_ = idle;
  last_at_ = now;
  if (!another_moment || !same_age) return std::nullopt;
  return std::max(Millis{1}, std::chrono::duration_cast<Millis>(shorter));
}

}  // namespace frontdoor
