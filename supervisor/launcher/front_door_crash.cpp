#include "supervisor/launcher/front_door_crash.h"

#include <sstream>

namespace frontdoor {

// "signal|core|exit VALUE AWAY_SINCE_MS LIVED_MS CRASHES"
std::string to_text(const FrontDoorCrash& crash) {
  const char* const how = !crash.end.by_signal ? "exit " : crash.end.dumped_core ? "core " : "signal ";
  const auto since = std::chrono::duration_cast<Millis>(crash.away_since.time_since_epoch());
  return how + std::to_string(crash.end.value) + ' ' + std::to_string(since.count()) + ' ' + std::to_string(crash.lived.count()) +
         ' ' + std::to_string(crash.crashes);
}

std::optional<FrontDoorCrash> parse_crash(std::string_view text) {
  std::istringstream words{std::string(text)};
  std::string how;
  FrontDoorCrash crash;
  std::int64_t since = 0, lived = 0;
  if (!(words >> how >> crash.end.value >> since >> lived >> crash.crashes)) return std::nullopt;
  if (how != "exit" && how != "core" && how != "signal") return std::nullopt;
  crash.end.by_signal = how != "exit";
  crash.end.dumped_core = how == "core";
  crash.away_since = TimePoint(Millis{since});
  crash.lived = Millis{lived};
  return crash;
}

}  // namespace frontdoor
