#include "dashboard/history.h"

#include <algorithm>
#include <limits>

namespace frontdoor {

namespace {

constexpr std::int64_t kMinute = 60;
constexpr float kUnknown = std::numeric_limits<float>::quiet_NaN();
constexpr HistoryPoint kNothingKnown{kUnknown, kUnknown, kUnknown, kUnknown, kUnknown, kUnknown, kUnknown};

HistoryPoint between(const TrafficTotals& difference, std::int64_t seconds) {
  const auto per_second = [seconds](std::uint64_t count) {
    return static_cast<float>(static_cast<double>(count) / static_cast<double>(seconds));
  };
  const auto at = [&](double share) { return static_cast<float>(quantile_millis(difference.latency, share)); };
  return {per_second(difference.requests), per_second(difference.errors), at(0.50), at(0.95), at(0.99),
          static_cast<float>(difference.in_flight), static_cast<float>(difference.held)};
}

}  // namespace

std::size_t History::add(std::int64_t second, const TrafficTotals& totals) {
  if (!last_) {
    last_ = minute_ = {second, totals};
    return 0;
  }
  const std::int64_t passed = second - last_->second;
  if (passed <= 0) return 0;
  // The process was stopped for so long that nothing on the chart is true any more.
  const bool asleep = passed > static_cast<std::int64_t>(kSeconds);
  const HistoryPoint point = asleep ? kNothingKnown : between(totals.since(last_->totals), passed);
  const std::size_t points = static_cast<std::size_t>(std::min<std::int64_t>(passed, kSeconds));
  for (std::size_t i = 0; i < points; ++i) seconds_.push(point);
  most_in_flight_ = std::max(most_in_flight_, totals.in_flight);
  most_held_ = std::max(most_held_, totals.held);
  if (second / kMinute != minute_.second / kMinute) end_minutes(second, totals);
  last_ = {second, totals};
  return points;
}

void History::end_minutes(std::int64_t second, const TrafficTotals& totals) {
  HistoryPoint point = between(totals.since(minute_.totals), second - minute_.second);
  point.in_flight = static_cast<float>(most_in_flight_);
  point.held = static_cast<float>(most_held_);
  const std::int64_t passed = second / kMinute - minute_.second / kMinute;
  const std::int64_t unseen = std::min<std::int64_t>(passed - 1, kMinutes);
  for (std::int64_t i = 0; i < unseen; ++i) minutes_.push(kNothingKnown);
  minutes_.push(point);
  minute_ = {second, totals};
  most_in_flight_ = most_held_ = 0;
}

}  // namespace frontdoor
