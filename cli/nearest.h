// "did you mean": the known word that a mistyped one is closest to. Pure.

#pragma once

#include <string_view>
#include <vector>

namespace frontdoor::cli {

// Fewest insertions, deletions, replacements and swaps of neighbours; a word that begins with what was typed
// counts as near, too. Empty when nothing is near enough to be what was meant.
std::string_view find_nearest(std::string_view typed, const std::vector<std::string_view>& known);

}  // namespace frontdoor::cli
