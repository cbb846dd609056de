// How the front door before this one has died: only the launcher is told, which leaves word of it for the next one.
// Values.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "supervisor/launcher/process_end.h"

namespace frontdoor {

inline constexpr std::string_view kFrontDoorCrash = "a crash of the front door";  // what the launcher keeps it as

struct FrontDoorCrash {
  ProcessEnd end = {};
  TimePoint away_since = {};  // nobody has served from then on; steady, so for all processes of this boot
  Millis lived{0};
  std::uint32_t crashes = 0;  // so far, under this launcher

  bool operator==(const FrontDoorCrash&) const = default;
};

std::string to_text(const FrontDoorCrash& crash);
std::optional<FrontDoorCrash> parse_crash(std::string_view text);

}  // namespace frontdoor
