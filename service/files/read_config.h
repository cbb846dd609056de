// The text of a config, from a file or from standard input.

#pragma once

#include <iosfwd>
#include <string>

namespace frontdoor {

struct ConfigText {
  std::string text;
  std::string name;   // what diagnostics call it
  std::string error;  // non-empty: it could not be read, and why
};

// `file` "-" reads `in`.
ConfigText read_config(const std::string& file, std::istream& in);

}  // namespace frontdoor
