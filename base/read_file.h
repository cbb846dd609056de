// A whole file at once, for what is small and read on the control thread: configs, pages. Values; any thread.

#pragma once

#include <cstddef>
#include <string>

namespace frontdoor {

struct FileText {
  std::string text;
  std::string error;  // why there is no text; "" = there is
};

// `most` bounds what is kept: a device may have no end.
FileText read_file(const std::string& path, std::size_t most);

}  // namespace frontdoor
