#include "dashboard/meter.h"

#include <cmath>

namespace frontdoor {

bool Meter::add(std::int64_t second, const TrafficTotals& totals) {
  if (!marks_.empty() && second <= marks_.back().second) return false;
  marks_.push({second, totals});
  if (!spark_) spark_ = marks_.back();
  // At the same seconds for all, so that the lines of two upstreams can be compared.
  if (second / kSparkEvery == spark_->second / kSparkEvery) return false;
  const TrafficTotals difference = totals.since(spark_->totals);
  const double seconds = static_cast<double>(second - spark_->second);
  sparks_.push({static_cast<float>(static_cast<double>(difference.requests) / seconds),
                static_cast<float>(static_cast<double>(difference.errors) / seconds),
                static_cast<float>(quantile_millis(difference.latency, 0.95))});
  spark_ = marks_.back();
  return true;
}

MeterReading Meter::read() const {
  MeterReading reading;
  reading.p95_ms = reading.p99_ms = std::nan("");
  if (marks_.empty()) return reading;
  const Mark& now = marks_.back();
  reading.in_flight = now.totals.in_flight;
  reading.held = now.totals.held;
  // The newest that is old enough, or the oldest there is: a gap does not make the window longer than it has to.
  const Mark* then = &marks_[0];
  for (std::size_t i = 0; i < marks_.size(); ++i)
    if (marks_[i].second <= now.second - kWindow) then = &marks_[i];
  if (then->second == now.second) return reading;
  const TrafficTotals difference = now.totals.since(then->totals);
  const double seconds = static_cast<double>(now.second - then->second);
  reading.requests = static_cast<double>(difference.requests) / seconds;
  reading.errors = static_cast<double>(difference.errors) / seconds;
  reading.p95_ms = quantile_millis(difference.latency, 0.95);
  reading.p99_ms = quantile_millis(difference.latency, 0.99);
  return reading;
}

void Meters::add(const std::string& name, const TrafficTotals& totals) {
  auto found = meters_.find(name);
  if (found == meters_.end()) {
    if (meters_.size() >= kMost) return;
    found = meters_.try_emplace(name).first;
  }
  found->second.fed = second_;
  if (found->second.meter.add(second_, totals)) sparked_ = true;
}

void Meters::finish() {
  std::erase_if(meters_, [this](const auto& entry) { return entry.second.fed != second_; });
}

const Meter* Meters::find(const std::string& name) const {
  const auto found = meters_.find(name);
  return found == meters_.end() ? nullptr : &found->second.meter;
}

}  // namespace frontdoor
