// Procfile: a line `name: command` for each kind of process; `web` gets the requests. Pure.

#pragma once

#include <string>
#include <string_view>

#include "importer/files.h"
#include "importer/imported_app.h"

namespace frontdoor::importer {

// `directory` is where the file lies, and where its commands run. Errors begin with the number of their line.
Imported read_procfile(std::string_view text, const std::string& directory, const Files& files);

}  // namespace frontdoor::importer
