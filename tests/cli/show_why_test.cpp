// Why an upstream takes no requests, as it is shown.

#include "cli/show_why.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cstdlib>
#include <ctime>
#include <string>

namespace frontdoor::cli {
namespace {

void be_an_hour_ahead() {
  ::setenv("TZ", "UTC-1", 1);
  ::tzset();
}

TEST(WhyText, ShowsWhatWasSeenAndWhatHappened) {
  be_an_hour_ahead();
  const char* const why = R"json({"pool": "app", "upstream": "a:1", "summary": "app/a:1 is down", "back": ["it passes"],
    "advice": ["look\u001b"], "check": "GET /", "probes": [
      {"time": "2026-11-28T12:01:07.123Z", "result": "failed", "detail": "exit 3", "by": "probe", "counted": true, "latency_us": 3100, "last_words": "full"},
      {"time": "2026-11-28T12:01:07.500Z", "result": "refused", "detail": null, "by": "request", "counted": true, "latency_us": 0},
      {"time": "2026-11-28T12:01:08.000Z", "result": "passed", "detail": null, "by": "probe", "counted": false, "latency_us": 900}],
    "events": [{"skipped": 3}]})json";
  EXPECT_EQ(why_text(boost::json::parse(why).as_object(), Style(false)),
            "app/a:1 is down\n"
            "  What brings it back:\n"
            "    it passes\n"
            "  What you can do:\n"
            "    look?\n"
            "  What was seen last, by GET /:\n"
            "    13:01:07.123  failed      exit 3: full  in 3.1 ms\n"
            "    13:01:07.500  request refused\n"
            "    13:01:08.000  passed      in 0.9 ms  (not counted)\n"
            "  What happened:\n"
            "    … 3 events were missed\n");
  EXPECT_EQ(why_text(boost::json::parse("{}").as_object(), Style(false)), "\n");
  EXPECT_EQ(why_text(boost::json::parse(R"({"summary": "s", "back": ["frontdoor start app.1"]})").as_object(), Style(false), "a"),
            "s\n  What brings it back:\n    frontdoor start --socket a app.1\n");
}

TEST(WhyText, TellsOfManyProbesThatFoundTheSameTheFirstAndTheLast) {
  be_an_hour_ahead();
  const auto seen = [](const std::string& results) {
    std::string probes;
    for (std::size_t i = 0; i < results.size(); ++i)
      probes += std::string(i == 0 ? "" : ",") + R"({"time": "2026-11-28T12:01:0)" + std::to_string(i % 10) +
                R"(.000Z", "by": "probe", "counted": true, "latency_us": 0, "result": ")" + (results[i] == 'r' ? "refused" : "failed") +
                R"("})";
    std::string text = why_text(boost::json::parse(R"({"summary": "s", "check": "TCP", "probes": [)" + probes + "]}").as_object(),
                                Style(false));
    return text.substr(text.find("TCP:\n") + 5);
  };
  EXPECT_EQ(seen("rrr"), "    13:01:00.000  refused\n    13:01:01.000  refused\n    13:01:02.000  refused\n");
  EXPECT_EQ(seen("rrrr"), "    13:01:00.000  refused\n    … 2 more like it\n    13:01:03.000  refused\n");
  EXPECT_EQ(seen("frrrrrf"), "    13:01:00.000  failed\n    13:01:01.000  refused\n    … 3 more like it\n"
                             "    13:01:05.000  refused\n    13:01:06.000  failed\n");
}

}  // namespace
}  // namespace frontdoor::cli
