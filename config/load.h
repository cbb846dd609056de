// From the text of fd.toml to a Config, or to every error in it at once. Pure: reads no file but the ones the text
// includes, starts nothing. Control thread and `frontdoor check`.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace frontdoor::config {

struct Diagnostic {
  enum class Severity : std::uint8_t { Error, Warning };
  Severity severity = Severity::Error;
  std::string file;
  std::uint32_t line = 0;    // 1-based; 0 = the file as a whole
  std::uint32_t column = 0;  // 1-based
  std::string message;       // what is wrong, what would be right

  std::string to_string() const;  // "fd.toml:12:3: unknown key "intervall", did you mean "interval"?"
};

struct Loaded {
  Config config;  // only meaningful without errors
  std::vector<Diagnostic> diagnostics;  // errors and warnings, in file order
  bool ok() const;  // no diagnostic is an error
};

// `name` is what diagnostics call the text ("fd.toml", "<stdin>").
Loaded load(std::string_view text, std::string_view name);

}  // namespace frontdoor::config
