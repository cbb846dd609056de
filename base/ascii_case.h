// Letters of ASCII without regard to case, as HTTP and host names compare them; other bytes are what they are. Pure.

#pragma once

#include <cstddef>
#include <string_view>

namespace frontdoor {

constexpr char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

constexpr bool equal_in_ascii(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (ascii_lower(a[i]) != ascii_lower(b[i])) return false;
  return true;
}

}  // namespace frontdoor
