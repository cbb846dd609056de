// Finds where a string of a TOML text was begun and never closed. The parser only says where it gave up: at
// the end of that line, or of the file.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace frontdoor::config {

struct UnclosedString {
  std::uint32_t line = 0, column = 0;  // of its opening quote, 1-based; columns count characters
  std::string_view quote = {};         // " or ', or three of them
};

// The first one. A text that is no TOML for another reason before that may give one that nobody meant.
std::optional<UnclosedString> find_unclosed_string(std::string_view text);

}  // namespace frontdoor::config
