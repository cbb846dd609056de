// Loading texts in a made-up world: no environment but the one given, no files, no fd limit.

#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.h"

namespace frontdoor::config {

inline LoadOptions options_with(std::map<std::string, std::string> environment) {
  LoadOptions options;
  options.environment = [environment =
                             std::move(environment)](const std::string& name) -> std::optional<std::string> {
    const auto found = environment.find(name);
    return found == environment.end() ? std::nullopt : std::optional(found->second);
  };
  return options;
}

inline std::vector<std::string> lines(const Loaded& loaded) {
  std::vector<std::string> result;
  for (const auto& diagnostic : loaded.diagnostics) result.push_back(diagnostic.to_string());
  return result;
}

// What `frontdoor check` would print, one line each.
inline std::vector<std::string> problems(std::string_view text, const LoadOptions& options = {}) {
  return lines(load(text, "fd.toml", options));
}

// A good config around one line to judge: `top` is line 1, `below` begins at line 6, `in_pool` is line 5.
struct Around {
  std::string top = "", in_pool = "", below = "";
  std::string text() const {
    return top + "\nlisten = \":8080\"\n[pool.app]\nupstreams = [\"10.0.0.1:80\"]\n" + in_pool + "\n" +
           below + "\n";
  }
};

}  // namespace frontdoor::config
