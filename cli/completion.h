// Scripts that let a shell complete frontdoor's command line, written from the table of commands. They are
// static: completing starts no frontdoor.

#pragma once

#include <string>
#include <string_view>

namespace frontdoor::cli {

std::string completion_script(std::string_view shell);  // "bash", "fish" or "zsh"

}  // namespace frontdoor::cli
