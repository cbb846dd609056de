// What a reader may see of the disk beside the text that it was given: a package.json next to an ecosystem file,
// whether a script is there. Handed in, so that readers are pure and a test needs no disk. Main thread.

#pragma once

#include <functional>
#include <optional>
#include <string>

namespace frontdoor::importer {

struct Files {
  std::function<bool(const std::string& path)> exists;
  // All of it; nothing when it can not be read, or is larger than any file that is meant.
  std::function<std::optional<std::string>(const std::string& path)> read;
};

}  // namespace frontdoor::importer
