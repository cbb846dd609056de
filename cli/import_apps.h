// From a directory or a file that says how apps are run to the fd.toml that runs them here: finds the file, reads it
// (a .js by executing it), and tells what it made of it. Main thread, before anything else runs.

#pragma once

#include <optional>
#include <string>

#include "cli/arguments.h"
#include "cli/program.h"

namespace frontdoor::cli {

struct ImportedText {
  std::string text;         // fd.toml
  std::string name;         // what diagnostics of it are to call it
  std::string config_file;  // instead of a text: there is a fd.toml already
};

// `run DIRECTORY` and `run FILE`. One line on standard error says what is started and from which file, one more for
// each thing that is otherwise than there. `profile`: --env, "" = none. Nothing when there is nothing to run: that has
// been told, and `status` is the exit status.
std::optional<ImportedText> import_to_run(const ImportRun& run, const std::string& profile, const Streams& streams,
                                          int& status);

// `config import FILE`; exit status.
int print_import(const ImportCommand& command, const Streams& streams);

}  // namespace frontdoor::cli
