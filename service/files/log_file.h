// Whether this process could append lines to a file, without making or opening it: for `check`, and before a
// start.

#pragma once

#include <string>

namespace frontdoor {

// "" = it could; else what is in the way, for a person who has to mend it.
std::string log_file_problem(const std::string& path);

}  // namespace frontdoor
