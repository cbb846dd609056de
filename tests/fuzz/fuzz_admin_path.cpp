// The target of an admin request: whatever comes, a path is refused or taken apart into pieces without control
// characters, of which the same path can be made again.

#include "admin/path.h"
#include "invariants.h"

namespace {

using namespace frontdoor;
using fuzz::require;

bool plain(std::string_view text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return false;
  return true;
}

std::string encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    result += {'%', digits[byte >> 4], digits[byte & 15]};
  }
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto path = parse_admin_path({reinterpret_cast<const char*>(data), size});
  if (!path) return 0;
  std::string again;
  for (const std::string& segment : path->segments) {
    require(plain(segment), "a segment has no control characters");
    again += '/' + encoded(segment);
  }
  again += '?';
  for (const auto& [name, value] : path->parameters) {
    require(!name.empty() && plain(name) && plain(value), "nor has a parameter, which has a name");
    again += encoded(name) + '=' + encoded(value) + '&';
  }
  const auto twice = parse_admin_path(again);
  require(twice && twice->segments == path->segments && twice->parameters == path->parameters, "the same path again");
  return 0;
}
