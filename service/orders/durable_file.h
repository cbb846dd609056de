// A small file that is whole or not there, also after a crash of the machine. Blocking; any thread.

#pragma once

#include <string>
#include <string_view>

namespace frontdoor {

// Written beside its place, synced, and renamed over what was there; mode 0600. "" or why not, and then what was there
// before still is.
std::string write_durably(const std::string& path, std::string_view text);

}  // namespace frontdoor
