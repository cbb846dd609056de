// What an ecosystem file wants to be executed: `script` by its interpreter, found as pm2 finds it. Pure.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "importer/files.h"
#include "importer/imported_app.h"

namespace frontdoor::importer {

struct ScriptToRun {
  std::string script;
  std::vector<std::string> args = {};
  std::optional<std::string> interpreter = {};
  std::vector<std::string> interpreter_args = {};
};

// Fills the command, and what a package.json adds where the script is npm; notes and errors go to `all`.
void set_command(const ScriptToRun& what, const Files& files, ImportedApp& app, Imported& all);

}  // namespace frontdoor::importer
