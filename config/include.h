// `include`: other files read as if they stood where the line is, which is before the file's own tables.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/document.h"
#include "config/load.h"

namespace frontdoor::config {

struct Document {
  Value root;
  std::vector<std::string> files;  // in the order of reading
  FilesRead read;
  // False when a part is missing (a syntax error, an unreadable file): then what is not there proves nothing.
  bool complete = true;
};

// Parses `text` and all that it includes, with ${VAR} replaced, into one tree.
Document read_document(std::string_view text, std::string_view name, const LoadOptions& options,
                       Diagnostics& diagnostics);

}  // namespace frontdoor::config
