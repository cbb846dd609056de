// The files that a config was made of, as they were read: with them it can be loaded once more when they are others by then,
// or gone. Values.

#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/read_file.h"

namespace frontdoor::config {

struct FilesRead {
  std::string text = {};                                        // of the first one
  std::map<std::string, std::string> texts = {};                // of what it includes, and of each env_file; by path
  std::map<std::string, std::vector<std::string>> matches = {};  // the files that a pattern of `include` has meant

  FileText text_of(const std::string& path) const {
    const auto found = texts.find(path);
    return found != texts.end() ? FileText{found->second, ""} : FileText{"", "it was not read then"};
  }
  bool operator==(const FilesRead&) const = default;
};

}  // namespace frontdoor::config
