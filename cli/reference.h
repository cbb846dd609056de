// docs/reference/command-line.md, written from the table of commands; a test compares the two.

#pragma once

#include <string>

namespace frontdoor::cli {

std::string reference_markdown();

}  // namespace frontdoor::cli
