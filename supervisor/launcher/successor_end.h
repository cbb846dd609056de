// How a new front door that was to take another one's place has ended before it served, in the words that the one that serves on
// tells; and how many of those before may still be there. For an upgrade with a launcher and for one without. Pure.

#pragma once

#include <cstddef>
#include <string>

#include "supervisor/launcher/process_end.h"

namespace frontdoor {

// Front doors of before that drain at a time; more are no upgrade, but a loop of them.
inline constexpr std::size_t kMostDraining = 8;

// `its_words`: why, as it has said itself; "" = it has said nothing.
std::string why_successor_ended(const ProcessEnd& end, const std::string& its_words = "");

}  // namespace frontdoor
