// How much traffic one part of the program has just now (an upstream, a pool, a listener), and a line of how it was in the
// last five minutes. Fed once a second; no clock. Control thread.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "dashboard/ring.h"
#include "dashboard/traffic_totals.h"

namespace frontdoor {

struct MeterReading {
  double requests = 0;  // a second, over the last kWindow seconds
  double errors = 0;
  double p95_ms = 0;  // NaN: there was no answer
  double p99_ms = 0;
  std::uint64_t in_flight = 0;
  std::uint64_t held = 0;
};

struct SparkPoint {
  float requests;  // a second
  float errors;    // a second
  float p95_ms;    // NaN: no request
};

class Meter {
 public:
  static constexpr std::int64_t kWindow = 3;      // seconds: steadier than one, and still now
  static constexpr std::int64_t kSparkEvery = 5;  // seconds
  static constexpr std::size_t kSparks = 60;

  // True when it has made another spark. What comes in no later second than the last is left for the next.
  bool add(std::int64_t second, const TrafficTotals& totals);
  MeterReading read() const;
  const Ring<SparkPoint>& sparks() const { return sparks_; }
  const TrafficTotals& totals() const { return marks_.back().totals; }  // after the first add()

 private:
  struct Mark {
    std::int64_t second = 0;
    TrafficTotals totals = {};
  };
  Ring<Mark> marks_{kWindow + 1};
  std::optional<Mark> spark_;
  Ring<SparkPoint> sparks_{kSparks};
};

// One for each name; what is not fed any more is forgotten.
class Meters {
 public:
  static constexpr std::size_t kMost = 2'000;  // others are not measured: what an operator scales up costs memory here

  void begin(std::int64_t second) {
    second_ = second;
    sparked_ = false;
  }
  void add(const std::string& name, const TrafficTotals& totals);
  void finish();  // forgets those that were not added since begin()

  const Meter* find(const std::string& name) const;
  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& [name, named] : meters_) visit(name, named.meter);
  }
  // Whether sparks have grown since begin(). They do so at once, in the first second that is fed of each five.
  bool sparked() const { return sparked_; }

 private:
  struct Named {
    Meter meter;
    std::int64_t fed = 0;
  };
  std::map<std::string, Named> meters_;
  std::int64_t second_ = 0;
  bool sparked_ = false;
};

}  // namespace frontdoor
