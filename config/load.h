// From the text of fd.toml to a Config, or to every error in it at once. Reads no file but the ones the text
// includes, starts nothing. Control thread and `frontdoor check`.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/diagnostic.h"

namespace frontdoor::config {

inline constexpr std::size_t largest_file = 4u << 20;  // far above any config, far below what would hurt

struct Loaded {
  Config config;                        // only meaningful without errors
  std::vector<Diagnostic> diagnostics;  // errors and warnings, in file order
  std::vector<std::string> files;  // what was read: the text's own name, then included files (for --watch)
  bool ok() const;                 // no diagnostic is an error
};

// What a load may see of the world around it.
struct LoadOptions {
  // The value of an environment variable, for ${VAR}.
  std::function<std::optional<std::string>(const std::string&)> environment;
  // What `include` patterns are relative to. Nothing: `include` is an error (a config that did not come from
  // a file).
  std::optional<std::string> directory;
  std::uint64_t open_files = 0;  // the fd limit that max_connections is compared with; 0 = do not compare
  // Why lines could not be appended to the file of this path; "" = they could. Nothing: nobody looks, so that
  // a reload does not fail for a log that is written all the while.
  std::function<std::string(const std::string&)> log_file_problem;
};

// This process's environment and limits; the directory is the one `name` lies in.
LoadOptions options_of_this_process(std::string_view name);

// `name` is what diagnostics call the text ("fd.toml", "<stdin>").
Loaded load(std::string_view text, std::string_view name, const LoadOptions& options);
Loaded load(std::string_view text, std::string_view name);  // with options_of_this_process(name)

}  // namespace frontdoor::config
