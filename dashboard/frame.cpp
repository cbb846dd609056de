#include "dashboard/frame.h"

#include <algorithm>

#include "dashboard/picture.h"

namespace frontdoor {

std::string sent_event(std::string_view name, std::string_view json) {
  return std::string("event: ").append(name).append("\ndata: ").append(json).append("\n\n");
}

std::string to_json(const HistoryPoint& point) {
  std::string out = "[";
  for (const float value : {point.requests, point.errors, point.p50, point.p95, point.p99, point.in_flight, point.held}) {
    if (out.size() > 1) out += ',';
    out += json_number(value);
  }
  return out + ']';
}

std::string last_points(const Ring<HistoryPoint>& points, std::size_t count) {
  std::string out;
  for (std::size_t i = points.size() - std::min(count, points.size()); i < points.size(); ++i) {
    if (!out.empty()) out += ',';
    out += to_json(points[i]);
  }
  return out;
}

}  // namespace frontdoor
