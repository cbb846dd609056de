// What --help says: one screen for the program, one for each command.

#pragma once

#include <string>
#include <string_view>

#include "base/style.h"

namespace frontdoor::cli {

// `topic` is a command's name ("config show" has two words); "" is the program.
std::string help_text(std::string_view topic, const Style& style);

}  // namespace frontdoor::cli
