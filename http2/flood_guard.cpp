#include "http2/flood_guard.h"

#include <algorithm>

namespace frontdoor::http2 {

const char* name_of(Burden burden) {
  switch (burden) {
    case Burden::Reset: return "RST_STREAM flood";
    case Burden::Ping: return "PING flood";
    case Burden::Settings: return "SETTINGS flood";
    case Burden::EmptyData: return "flood of empty DATA frames";
    case Burden::WindowUpdate: return "WINDOW_UPDATE flood";
    case Burden::Other: return "flood of PRIORITY or unknown frames";
  }
  return "";
}

// A browser that leaves a page resets what it has open, at most as many streams as it may have; a gRPC client whose
// deadlines are short resets all day. gRPC servers take two pings without data as a flood; browsers send one now and then.
FloodGuard::Allowance FloodGuard::allowance(Burden burden) {
  switch (burden) {
    case Burden::Reset: return {500, 50};
    case Burden::Ping: return {100, 5};
    case Burden::Settings: return {50, 2};
    case Burden::EmptyData: return {200, 20};
    case Burden::WindowUpdate: return {1000, 200};
    case Burden::Other: return {1000, 50};
  }
  return {0, 1};
}

bool FloodGuard::count(Burden burden, TimePoint now) {
  std::uint32_t none = 0;
  std::uint32_t& owed = burden == Burden::WindowUpdate ? window_updates_owed_ : burden == Burden::Ping ? pings_owed_ : none;
  if (owed != 0) {
    --owed;
    return true;
  }
  const Allowance allowed = allowance(burden);
  const Duration price = Duration(std::chrono::seconds{1}) / allowed.per_second;
  TimePoint& full_at = full_at_[static_cast<std::size_t>(burden)];
  full_at = std::max(full_at, now) + price;
  return full_at <= now + price * allowed.burst;
}

}  // namespace frontdoor::http2
