#include "cli/event_text.h"

#include <gtest/gtest.h>

namespace frontdoor::cli {
namespace {

TEST(EventText, IsWhatTheLogSaysOnATerminal) {
  struct {
    const char* line;
    const char* text;
  } const cases[] = {
      {R"({"time":"2026-11-28T07:01:00Z","level":"error","event":"cannot listen on :80: address in use"})",
       "error cannot listen on :80: address in use"},
      {R"({"time":"t","level":"warn","event":"e","pid":7,"command":"frontdoor run","end":"a","none":""})",
       "warn e  pid=7 command=\"frontdoor run\" end=a none=\"\""},
      {R"({"time":"t","level":"warn","event":"ended","last_words":"Error: no\n    at x\n","lives":1})",
       "warn ended  lives=1\n    last_words:\n    | Error: no\n    |     at x"},
      {R"({"time":"t","level":"info","event":"\u001b[2J"})", "info ^[[2J"},
      {"app.1 ! oh dear", "app.1 ! oh dear"},
      {"{\"an\":\"app's own\"}", "{\"an\":\"app's own\"}"},
      {"{\"level\":1,\"event\":2}", "{\"level\":1,\"event\":2}"},
      {"[1]", "[1]"},
      {"", ""},
  };
  for (const auto& c : cases) EXPECT_EQ(event_text(c.line), c.text);
}

}  // namespace
}  // namespace frontdoor::cli
