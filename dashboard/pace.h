// How fast it goes just now and how the last checks went, put beside the states of a status: what `status` shows and a
// program that asks once can not reckon. Pure.

#pragma once

#include <string_view>

#include "admin/status.h"
#include "dashboard/meter.h"
#include "observe/totals.h"

namespace frontdoor {

// The meter of all traffic.
inline constexpr std::string_view kAllTraffic = "all";

void add_pace(AdminStatus& status, const Totals& totals, const Meters& meters);

}  // namespace frontdoor
