// No byte a client sends makes a log line that a JSON parser refuses.

#include "base/json.h"

namespace frontdoor {
namespace {

std::string json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(Json, EscapesWhatJsonRequires) {
  EXPECT_EQ(json(""), R"("")");
  EXPECT_EQ(json("plain text"), R"("plain text")");
  EXPECT_EQ(json("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(json("\n\r\t"), R"("\n\r\t")");
  EXPECT_EQ(json(std::string_view("\0\x1F", 2)), R"("\u0000\u001f")");
}

TEST(Json, EscapesWhatATerminalWouldObey) {
  EXPECT_EQ(json("\x1B[2J"), R"("\u001b[2J")");
  EXPECT_EQ(json("\x7F"), R"("\u007f")");
  EXPECT_EQ(json("\xC2\x9B"), R"("\u009b")");
}

TEST(Json, PassesUtf8) {
  for (const char* text :
       {"ä", "€", "\xED\x9F\xBF", "\xEF\xBF\xBF", "\xF0\x9F\x9A\xAA", "\xF4\x8F\xBF\xBF", "\xC2\xA0"})
    EXPECT_EQ(json(text), '"' + std::string(text) + '"');
}

TEST(Json, ReplacesBytesThatAreNotUtf8) {
  const std::string bad = "\xEF\xBF\xBD";
  struct {
    std::string text, expected;
  } cases[] = {
      {"\x80", bad},
      {"a\xFF", "a" + bad},
      {"\xC3", bad},                                // cut short
      {"\xC0\xAF", bad + bad},                      // overlong
      {"\xE0\x80\x80", bad + bad + bad},            // overlong
      {"\xED\xA0\x80", bad + bad + bad},            // surrogate
      {"\xF4\x90\x80\x80", bad + bad + bad + bad},  // above U+10FFFF
      {"\xE2\x82x", bad + bad + "x"},
  };
  for (const auto& c : cases) EXPECT_EQ(json(c.text), '"' + c.expected + '"');
}

}  // namespace
}  // namespace frontdoor
