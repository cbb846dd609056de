// The config that serves, with all files that it was read from, as the launcher keeps it: the front door that comes behind a
// crash serves with it where the files have errors by then. It holds what the files hold, secrets too, in a memory file that
// the launcher and its front doors have alone. Values; main thread.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/files_read.h"

namespace frontdoor {

std::string to_text(const config::FilesRead& files);
std::optional<config::FilesRead> parse_files_read(std::string_view text);

// What the launcher that has started this process has kept, out of the environment; nothing: it has not, or nobody has crashed.
std::optional<config::FilesRead> take_last_config();

}  // namespace frontdoor
