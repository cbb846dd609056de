// What is remembered of one place of a pool ("app.1") over all the processes that it has had. Owned by its pool's
// group, shared with its instances. Control thread.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "supervisor/launcher/process_end.h"

namespace frontdoor {

struct PlaceHistory {
  std::uint32_t starts = 0;
  std::optional<ProcessEnd> last_end = {};
  std::optional<TimePoint> last_end_at = {};
  std::string last_reason = {};                   // of the last restart
  std::vector<std::string> requests_at_end = {};  // on the last one that ended by itself
};

}  // namespace frontdoor
