// Who has ordered something of the running program, when and why. A value.

#pragma once

#include <cstdint>
#include <string>

#include "base/time.h"

namespace frontdoor {

struct OrderedBy {
  std::string name = {};            // "root", "uid 1001"
  std::int64_t unix_millis = 0;
  std::string reason = {};          // in the operator's words; "" = none was given
  TimePoint since{};                // the same moment, of the clock that this process goes by
};

}  // namespace frontdoor
