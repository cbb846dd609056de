// What this binary is and what it was built from.

#pragma once

#include <string>

namespace frontdoor::cli {

std::string version_text();

}  // namespace frontdoor::cli
