// Where a string was begun that has no end.

#include "config/unclosed_string.h"

#include <gtest/gtest.h>

#include <string>

namespace frontdoor::config {
namespace {

TEST(UnclosedString, IsFoundWhereItBegins) {
  struct {
    const char* text;
    const char* where;  // "" = all are closed
  } cases[] = {
      {"", ""},
      {"a = 1", ""},
      {"a = \"x\"", ""},
      {"a = \"\"\nb = ''", ""},
      {"a = \"x", "1:5 \""},
      {"a = 'x\nb = 1", "1:5 '"},
      {"a = 1\nb = \"x\r\n", "2:5 \""},
      {"a = \"it's\"", ""},
      {"a = 'say \"x'", ""},
      {"a = \"x\\\"", "1:5 \""},          // the quote is escaped
      {"a = \"x\\\\\"", ""},              // the backslash is
      {"a = 'x\\'", ""},                  // there are no escapes in these
      {"a = \"x\\\nb = \"\"", "1:5 \""},  // nor is a line break one
      {"# it's\na = 1", ""},
      {"a = \"#\"\nb = \"#", "2:5 \""},
      {"a = [\"b\", \"c]", "1:11 \""},
      {"a = \"\"\"x\ny \"\" z\"\"\"", ""},
      {"a = \"\"\"x\"\"\"\"", ""},  // ends with a quote of its own
      {"a = '''x\n'", "1:5 '''"},
      {"k = 1\na = \"\"\"x\n", "2:5 \"\"\""},
      {"\"\xc3\xbc\" = \"x", "1:7 \""},  // columns are characters
  };
  for (const auto& c : cases) {
    const auto found = find_unclosed_string(c.text);
    std::string where;
    if (found)
      where =
          std::to_string(found->line) + ":" + std::to_string(found->column) + " " + std::string(found->quote);
    EXPECT_EQ(where, c.where) << c.text;
  }
}

}  // namespace
}  // namespace frontdoor::config
