// The test program as a launcher's front door: `supervisor_test role:NAME` plays one part and returns its
// exit status.

#pragma once

#include <string_view>

namespace frontdoor {

int play_front_door(std::string_view role);

}  // namespace frontdoor
