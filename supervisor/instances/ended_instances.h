// The instances of a pool that have ended for good (`restart.policy`), as they are left with the launcher: a front door that
// comes after a crash or an upgrade must not start them again. Values.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "supervisor/instances/pool_plan.h"
#include "supervisor/launcher/process_end.h"

namespace frontdoor {

struct EndedInstance {
  std::optional<ProcessEnd> end = {};  // none: it could not be started
  std::uint64_t launch = 0;            // launch_number() of what the config said then; when it says something else it is started

  bool operator==(const EndedInstance&) const = default;
};

using EndedInstances = std::map<unsigned, EndedInstance>;  // by their number in the pool

// The same number for the same text, in other programs, too.
std::uint64_t launch_number(std::string_view launch_text);

// A line for each: "ended NUMBER LAUNCH exit|signal|core|none VALUE". Lines that are none are passed over.
std::string to_text(const EndedInstances& ended);
EndedInstances parse_ended_instances(std::string_view text);

// Whom somebody asks for again has not ended for good.
void forget_asked_for(EndedInstances& ended, const Wish& wish);

}  // namespace frontdoor
