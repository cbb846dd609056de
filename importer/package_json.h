// package.json: what `npm start` runs, without npm in between. npm would be a process more for each instance, hears
// signals in the app's place, and hides how the app has ended (docs/adr/0021). Pure.

#pragma once

#include <string>
#include <string_view>

#include "importer/files.h"
#include "importer/imported_app.h"

namespace frontdoor::importer {

// `directory` is where the file lies. `script` is the one to run: "start", unless a script runs another.
Imported read_package_json(std::string_view text, const std::string& directory, const Files& files,
                           std::string_view script = "start");

// The directories of commands that npm puts before PATH, each with its ":": node_modules/.bin of `directory` and,
// where they exist, of those above it.
std::string module_path(const std::string& directory, const Files& files);

}  // namespace frontdoor::importer
