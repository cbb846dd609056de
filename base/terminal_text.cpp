#include "base/terminal_text.h"

#include <cstddef>
#include <cstdio>

#include "base/utf8.h"

namespace frontdoor {
namespace {

// The SGR sequence at the front, "\x1b[…m" with digits and separators alone; 0 when there is none.
std::size_t colour_length(std::string_view text) {
  if (!text.starts_with("\x1b[")) return 0;
  std::size_t end = 2;
  while (end < text.size() && ((text[end] >= '0' && text[end] <= '9') || text[end] == ';' || text[end] == ':')) ++end;
  return end < text.size() && text[end] == 'm' ? end + 1 : 0;
}

unsigned code_point(std::string_view character) {
  const auto bits = [&](std::size_t i, unsigned mask) { return static_cast<unsigned char>(character[i]) & mask; };
  if (character.size() == 2) return bits(0, 0x1F) << 6 | bits(1, 0x3F);
  if (character.size() == 3) return bits(0, 0x0F) << 12 | bits(1, 0x3F) << 6 | bits(2, 0x3F);
  return 0x10000;  // none of those that are looked for
}

bool obeyed_by_terminals(unsigned code) {
  return (code >= 0x80 && code < 0xA0) || (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

void append_number(std::string& out, const char* format, unsigned number) {
  char text[16];
  std::snprintf(text, sizeof text, format, number);
  out += text;
}

}  // namespace

void append_terminal_text(std::string& out, std::string_view text) {
  bool coloured = false;
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && ((text[plain] >= ' ' && text[plain] < '\x7F') || text[plain] == '\t')) ++plain;
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;

    const auto byte = static_cast<unsigned char>(text.front());
    std::size_t length = 1;
    if (const std::size_t colour = colour_length(text)) {
      length = colour;
      coloured = true;
      out += text.substr(0, length);
    } else if (byte < 0x80) {
      out += '^';
      out += static_cast<char>(byte ^ 0x40);
    } else if ((length = utf8_length(text)) == 0) {
      length = 1;
      append_number(out, "\\x%02x", byte);
    } else if (const unsigned code = code_point(text.substr(0, length)); obeyed_by_terminals(code)) {
      append_number(out, "\\u%04x", code);
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  if (coloured) out += "\x1b[0m";
}

}  // namespace frontdoor
