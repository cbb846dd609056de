// What this binary is and what it was built from.

#pragma once

#include <string>

namespace frontdoor {

std::string version_text();
std::string version_number();  // "0.1.0"
std::string commit();          // what it was built from, as git calls it

}  // namespace frontdoor
