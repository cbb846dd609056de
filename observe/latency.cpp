#include "observe/latency.h"

#include <numeric>

namespace frontdoor {

namespace {

double bound_seconds(std::size_t bucket) { return static_cast<double>(kLatencyBoundsMicros[bucket]) / 1e6; }

std::uint64_t grown(std::uint64_t now, std::uint64_t before) { return now - std::min(now, before); }

}  // namespace

std::uint64_t Latency::count() const { return std::accumulate(buckets.begin(), buckets.end(), std::uint64_t{0}); }

double Latency::quantile(double share) const {
  const double wanted = std::clamp(share, 0.0, 1.0) * static_cast<double>(count());
  double below = 0;
  for (std::size_t i = 0; i < kLatencyBoundsMicros.size(); ++i) {
    const auto here = static_cast<double>(buckets[i]);
    if (here > 0 && below + here >= wanted) {
      const double from = i == 0 ? 0 : bound_seconds(i - 1);
      return from + (bound_seconds(i) - from) * ((wanted - below) / here);
    }
    below += here;
  }
  return buckets.back() == 0 ? 0 : bound_seconds(kLatencyBoundsMicros.size() - 1);
}

Latency Latency::since(const Latency& before) const {
  Latency more;
  for (std::size_t i = 0; i < kLatencyBuckets; ++i) more.buckets[i] = grown(buckets[i], before.buckets[i]);
  more.sum_nanos = grown(sum_nanos, before.sum_nanos);
  return more;
}

Latency& Latency::operator+=(const Latency& other) {
  for (std::size_t i = 0; i < kLatencyBuckets; ++i) buckets[i] += other.buckets[i];
  sum_nanos += other.sum_nanos;
  return *this;
}

}  // namespace frontdoor
