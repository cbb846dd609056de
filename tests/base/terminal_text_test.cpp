// What of other people's text reaches our terminal.

#include "base/terminal_text.h"

#include <gtest/gtest.h>

namespace frontdoor {
namespace {

std::string shown(std::string_view text) {
  std::string out;
  append_terminal_text(out, text);
  return out;
}

TEST(TerminalText, KeepsTextAndColours) {
  for (const char* text : {"", "plain", "a\ttab", "Grüße, 世界 😀"}) EXPECT_EQ(shown(text), text);
  EXPECT_EQ(shown("\x1b[31mred\x1b[0m plain"), "\x1b[31mred\x1b[0m plain\x1b[0m");
  EXPECT_EQ(shown("\x1b[38;5;196mred\x1b[38:2::1:2:3m"), "\x1b[38;5;196mred\x1b[38:2::1:2:3m\x1b[0m");
  EXPECT_EQ(shown("\x1b[mreset"), "\x1b[mreset\x1b[0m");
}

TEST(TerminalText, ShowsWhatATerminalWouldObey) {
  const struct {
    std::string text, shown;
  } cases[] = {
      {"\x1b[2J\x1b[1;1Hclear", "^[[2J^[[1;1Hclear"},
      {"\x1b]0;title\x07", "^[]0;title^G"},
      {"10%\r20%", "10%^M20%"},
      {"a\bb", "a^Hb"},
      {std::string("a\0b", 3), "a^@b"},
      {"\x7f", "^?"},
      {"\x1b", "^["},
      {"\x1b[31", "^[[31"},
      {"\x1b[31;xm", "^[[31;xm"},
      {"\x1b[?25m", "^[[?25m"},
      {"\xc2\x9b" "2J", "\\u009b2J"},
      {"\xc2\xa0", "\xc2\xa0"},
      {"\xe2\x80\xae" "txt", "\\u202etxt"},
      {"\xe2\x81\xa6", "\\u2066"},
      {"\xe2\x80\xa6", "\xe2\x80\xa6"},
      {"\xff\xfe", "\\xff\\xfe"},
      {"\xe2\x82", "\\xe2\\x82"},
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},
  };
  for (const auto& c : cases) EXPECT_EQ(shown(c.text), c.shown);
}

}  // namespace
}  // namespace frontdoor
