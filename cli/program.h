// The commands: from a command line to an exit status. main() hands it the real streams, tests their own.

#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "base/style.h"

namespace frontdoor::cli {

struct Streams {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  Style out_style;
  Style err_style;
};

// `words` are argv without the program's name.
int run_program(const std::vector<std::string>& words, const Streams& streams);

}  // namespace frontdoor::cli
