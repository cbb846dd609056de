// Writes what was imported as fd.toml, with the notes as comments at the top. What it writes loads without an error;
// a value that does not is a mistake of the file that it came from, and told as one. Pure.

#pragma once

#include <string>

#include "importer/imported_app.h"
#include "importer/plan.h"

namespace frontdoor::importer {

enum class AccessLog { AsByDefault, Off };

// `from` is what the file is called.
std::string to_toml(const Imported& imported, const Plan& plan, const std::string& from, AccessLog access_log);

}  // namespace frontdoor::importer
