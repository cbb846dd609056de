// The full files of a log that rotates itself: PATH.1 is the newest, PATH.2 the one before it. Only names change, so
// nothing is ever copied and cut, and no line is lost in between. The thread that writes the log.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace frontdoor {

// Gets PATH out of the way of a new one: it becomes PATH.1, that PATH.2, and so on; what would be more than `keep` goes.
// "" or why PATH is still there; then nothing but names beyond the one that failed has changed.
std::string make_way(const std::string& path, std::uint32_t keep);

// Which one of the log `name` a file of its directory is: 0 = the one that is written, 1 = the newest full one. Nothing: it
// is none of them.
std::optional<std::uint32_t> generation_of(std::string_view file, std::string_view name);

}  // namespace frontdoor
