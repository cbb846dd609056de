// How many instances a pool may have, whoever says so: the config, an operator or another program's file. Any thread.

#pragma once

#include <cstdint>

namespace frontdoor {

inline constexpr std::uint32_t kMostInstances = 1'000;

}  // namespace frontdoor
