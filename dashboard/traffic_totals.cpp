#include "dashboard/traffic_totals.h"

#include <limits>

namespace frontdoor {

double quantile_millis(const Latency& latency, double share) {
  return latency.count() == 0 ? std::numeric_limits<double>::quiet_NaN() : latency.quantile(share) * 1'000;
}

}  // namespace frontdoor
