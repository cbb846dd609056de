// Where a command without a slash is looked for: PATH, as execvp reads it. Pure.

#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace frontdoor {

inline constexpr std::string_view kDefaultPath = "/usr/local/bin:/usr/bin:/bin";  // where there is no PATH

// In their order. An empty entry is the current directory, as it always was.
inline std::vector<std::string> directories_of_path(std::string_view path) {
  if (path.empty()) path = kDefaultPath;
  std::vector<std::string> found;
  for (std::size_t from = 0; from <= path.size();) {
    const std::size_t to = std::min(path.find(':', from), path.size());
    found.emplace_back(to == from ? std::string_view(".") : path.substr(from, to - from));
    from = to + 1;
  }
  return found;
}

}  // namespace frontdoor
