// How a line of an instance looks.

#include "supervisor/output/line_format.h"

#include <gtest/gtest.h>

namespace frontdoor {
namespace {

std::string text(std::string_view line, bool goes_on, LineFor reader) {
  std::string out;
  append_text_line(out, line, goes_on, reader);
  return out;
}

std::string json(OutputLine line, std::string_view text) {
  std::string out;
  append_json_line(out, {"2026-11-28T02:31:07.123Z", "app", "app.1"}, line, text);
  return out;
}

TEST(LineFormat, NamesTheInstanceInAColumn) {
  EXPECT_EQ(name_prefix("app.1", 5, OutputStream::Output), "app.1 | ");
  EXPECT_EQ(name_prefix("app.1", 6, OutputStream::Output), "app.1  | ");
  EXPECT_EQ(name_prefix("app.10", 6, OutputStream::Errors), "app.10 ! ");
  EXPECT_EQ(name_prefix("app.1", 0, OutputStream::Output), "app.1 | ");
  EXPECT_EQ(name_prefix("app.1", 5, OutputStream::Output, "36"), "\x1b[36mapp.1 |\x1b[0m ");
  EXPECT_EQ(name_prefix("app.1", 5, OutputStream::Errors, "36"), "\x1b[36mapp.1 \x1b[31m!\x1b[0m ");
}

TEST(LineFormat, LeavesTheBytesAsTheyAreButOnATerminal) {
  const std::string odd = "\x1b[2J\xff\rapp.2 | fake";
  EXPECT_EQ(text(odd, false, LineFor::Others), odd + "\n");
  EXPECT_EQ(text(odd, false, LineFor::Terminal), "^[[2J\\xff^Mapp.2 | fake\n");
  EXPECT_EQ(text("piece", true, LineFor::Others), "piece…\n");
}

TEST(LineFormat, JsonTagsAndStaysJson) {
  EXPECT_EQ(json({.pid = 71, .stream = OutputStream::Errors}, "oh \"dear\""),
            R"({"time":"2026-11-28T02:31:07.123Z","pool":"app","instance":"app.1","pid":71,"stream":"stderr",)"
            R"("line":"oh \"dear\""})"
            "\n");
  EXPECT_EQ(json({.pid = 1, .goes_on = true}, "\xff\x1b[31m\r"),
            R"({"time":"2026-11-28T02:31:07.123Z","pool":"app","instance":"app.1","pid":1,"stream":"stdout",)"
            "\"line\":\"\xEF\xBF\xBD\\u001b[31m\\r\",\"goes_on\":true}\n");
}

TEST(LineFormat, TimesAreUtcWithMilliseconds) {
  EXPECT_EQ(utc_time(1'795'833'067'007), "2026-11-28T02:31:07.007Z");
  EXPECT_EQ(utc_time(0), "1970-01-01T00:00:00.000Z");
}

}  // namespace
}  // namespace frontdoor
