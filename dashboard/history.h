// The traffic of the last five minutes by the second, and of the last day by the minute, so that a page that is opened
// has its charts filled. Fed once a second with what was counted until then; 1,740 points of 28 bytes whatever happens.
// No clock: seconds come from one that never jumps, so the wall clock may. Control thread.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "dashboard/ring.h"
#include "dashboard/traffic_totals.h"

namespace frontdoor {

// One moment of a chart. What is not known is NaN: before the start, while nobody counted, and the time that requests took
// where there were none.
struct HistoryPoint {
  float requests;  // a second
  float errors;    // a second
  float p50, p95, p99;  // milliseconds
  float in_flight;      // at its end; of a minute, the most
  float held;           // the same
};

class History {
 public:
  static constexpr std::size_t kSeconds = 300;
  static constexpr std::size_t kMinutes = 1'440;

  // The second in which this was counted; what comes in no later one than the last is left for the next. After a gap,
  // what was counted meanwhile is spread over it evenly: nobody knows better. How many points it has made of seconds().
  std::size_t add(std::int64_t second, const TrafficTotals& totals);

  const Ring<HistoryPoint>& seconds() const { return seconds_; }
  const Ring<HistoryPoint>& minutes() const { return minutes_; }

 private:
  struct Mark {
    std::int64_t second = 0;
    TrafficTotals totals = {};
  };

  void end_minutes(std::int64_t second, const TrafficTotals& totals);

  Ring<HistoryPoint> seconds_{kSeconds};
  Ring<HistoryPoint> minutes_{kMinutes};
  std::optional<Mark> last_;
  Mark minute_;  // where the minute under way began
  std::uint64_t most_in_flight_ = 0;  // in it
  std::uint64_t most_held_ = 0;
};

}  // namespace frontdoor
