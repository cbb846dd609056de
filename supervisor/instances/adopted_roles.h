// What becomes of the processes that are found in one place of a pool behind a front door that has crashed. Usually there is
// one; a crash in the middle of a roll leaves the one that served and the one that was to take its place. Pure.

#pragma once

#include <cstdint>
#include <vector>

namespace frontdoor {

enum class AdoptedRole : std::uint8_t {
  Serves,
  Proves,  // itself, beside the one that serves; then that one leaves
  Leaves,
};

// Of each of them, in the order in which they were started: `as_config`, whether that was as the config says now. `wanted`: the
// place is to have one.
std::vector<AdoptedRole> adopted_roles(const std::vector<bool>& as_config, bool wanted);

}  // namespace frontdoor
