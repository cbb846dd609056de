// One app of an ecosystem file: its keys to an ImportedApp, each of them, or a note that says what becomes of it.
// Pure.

#pragma once

#include <string>

#include "importer/files.h"
#include "importer/imported_app.h"
#include "importer/json_text.h"

namespace frontdoor::importer {

// Appends the app to `all`, with notes and errors; `where` is its place in the file, "apps[0]".
void read_ecosystem_app(const boost::json::object& app, const std::string& where, const std::string& directory,
                        const Files& files, Imported& all);

}  // namespace frontdoor::importer
