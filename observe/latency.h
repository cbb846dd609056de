// How long things took, counted in fixed buckets from half a millisecond to ten seconds: a LatencyCount is written by
// one thread with plain stores, anybody reads it as a Latency, which is a value that can be added, subtracted and asked
// for quantiles. What both say is cumulative since the process began; a reading may miss the observation that is being
// made just now.

#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/single_writer_count.h"
#include "base/time.h"

namespace frontdoor {

// Upper bounds, inclusive; behind the last one is a bucket without a bound.
inline constexpr std::array<std::int64_t, 14> kLatencyBoundsMicros = {
    500, 1'000, 2'500, 5'000, 10'000, 25'000, 50'000, 100'000, 250'000, 500'000, 1'000'000, 2'500'000, 5'000'000, 10'000'000};
inline constexpr std::size_t kLatencyBuckets = kLatencyBoundsMicros.size() + 1;

struct Latency {
  std::array<std::uint64_t, kLatencyBuckets> buckets{};  // each for itself, not cumulative
  std::uint64_t sum_nanos = 0;

  std::uint64_t count() const;
  // Below which this share of the observations lies (0.99), in seconds; within a bucket they are taken to be spread
  // evenly, and behind the last bound it is that bound. 0 without observations.
  double quantile(double share) const;
  Latency since(const Latency& before) const;  // zero where the counts are smaller: they have begun anew
  Latency& operator+=(const Latency& other);
  bool operator==(const Latency&) const = default;
};

// A duration and its bucket, which is looked for once however many counts it is added to.
class LatencyObservation {
 public:
  LatencyObservation() = default;
  LatencyObservation(Duration took)  // NOLINT: a duration is what it says
      : nanos_(static_cast<std::uint64_t>(
            std::max<std::int64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(took).count(), 0))) {
    while (bucket_ < kLatencyBoundsMicros.size() && nanos_ > static_cast<std::uint64_t>(kLatencyBoundsMicros[bucket_]) * 1'000)
      ++bucket_;
  }
  std::uint64_t nanos() const { return nanos_; }
  std::size_t bucket() const { return bucket_; }

 private:
  std::uint64_t nanos_ = 0;
  std::size_t bucket_ = 0;
};

class LatencyCount {
 public:
  // The one writer.
  void add(const LatencyObservation& seen) {
    buckets_[seen.bucket()].add();
    sum_.set(sum_.get() + seen.nanos());
  }

  void add_to(Latency& total) const {  // any thread
    for (std::size_t i = 0; i < kLatencyBuckets; ++i) total.buckets[i] += buckets_[i].get();
    total.sum_nanos += sum_.get();
  }

 private:
  std::array<SingleWriterCount, kLatencyBuckets> buckets_{};
  SingleWriterCount sum_;  // nanoseconds
};

}  // namespace frontdoor
