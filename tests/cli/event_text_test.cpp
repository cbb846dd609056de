#include "cli/event_text.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cstdlib>
#include <ctime>

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

TEST(HistoryText, IsALineInLocalTime) {
  ::setenv("TZ", "UTC-2", 1);
  ::tzset();
  struct {
    const char* event;
    const char* text;
  } const cases[] = {
      {R"({"id":1,"time":"2026-11-28T23:01:07.123456Z","level":"warn","kind":"evicted","pool":"app","upstream":"a:1",)"
       R"("text":"upstream down","fields":{"reason":"no answer","by":"","after":3}})",
       "Nov 29 01:01:07.123 warn  upstream down  pool=app upstream=a:1 reason=\"no answer\" after=3"},
      {R"({"time":"2026-11-28T07:01:07.000001Z","level":"info","pool":null,"upstream":null,"text":"reloaded","fields":{}})",
       "Nov 28 09:01:07.000 info  reloaded"},
      {R"({"time":"2026-11-28T07:01:07.000001Z","level":"error","pool":"a","text":"e\u001b","fields":{"last_words":"x\ny"}})",
       "Nov 28 09:01:07.000 error e^[  pool=a\n    last_words:\n    | x\n    | y"},
      {R"({"skipped":12})", "… 12 events were missed"},
      {R"({"time":"soon","level":1})", "soon       "},
  };
  for (const auto& c : cases) EXPECT_EQ(history_text(boost::json::parse(c.event).as_object()), c.text);
}

}  // namespace
}  // namespace frontdoor::cli
