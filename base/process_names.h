// What processes of this program call themselves, for `ps` and for each other. Constants; any thread.

#pragma once

namespace frontdoor {

// It listens on nothing itself: what it holds, it keeps for its front door.
inline constexpr const char* kLauncherName = "fd-launcher";

}  // namespace frontdoor
