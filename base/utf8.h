// Well-formed UTF-8, for what writes text that others sent. Pure.

#pragma once

#include <cstddef>
#include <string_view>

namespace frontdoor {

// How many bytes the well-formed UTF-8 character at the front takes; 0 when it is not well-formed (Unicode
// table 3-7: neither overlong forms, nor surrogates, nor anything above U+10FFFF).
inline std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const auto continues = [&](std::size_t i) { return (byte(i) & 0xC0u) == 0x80u; };
  const auto first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xC2) return 0;
  if (first < 0xE0) return continues(1) ? 2 : 0;
  if (first < 0xF0) {
    if (first == 0xE0 && byte(1) < 0xA0) return 0;
    if (first == 0xED && byte(1) > 0x9F) return 0;
    return continues(1) && continues(2) ? 3 : 0;
  }
  if (first == 0xF0 && byte(1) < 0x90) return 0;
  if (first == 0xF4 && byte(1) > 0x8F) return 0;
  if (first > 0xF4) return 0;
  return continues(1) && continues(2) && continues(3) ? 4 : 0;
}

}  // namespace frontdoor
