// What is said of one request, and that something is said of every outcome.

#include "service/admin/request_story.h"

#include <gtest/gtest.h>

#include <fstream>

#include "dashboard/outcome_meaning.h"

namespace frontdoor {
namespace {

std::string told(const SeenRequest& request) {
  const RequestStory story = tell_story(request, 1'010'000);
  std::string text = story.summary + "\n= " + story.meaning;
  for (const std::string& stage : story.stages) text += "\n- " + stage;
  for (const std::string& advice : story.advice) text += "\n> " + advice;
  return text;
}

TEST(RequestStory, SaysHowItEndedWhereItsTimeWentAndWhereToLook) {
  SeenRequest failed{.ended_unix_millis = 1'000'000, .method = "POST", .host = "shop.example", .path = "/cart", .status = 502,
                     .outcome = "upstream_reset", .detail = "closed in the head", .pool = "app", .upstream = "app.2",
                     .retry_rule = "reset_not_idempotent", .tries = 2, .failed = true, .held_us = 300'000, .connect_us = 900, .total_us = 450'000};
  EXPECT_EQ(told(failed),
            "POST shop.example/cart failed 10s ago: 502 upstream_reset, of app/app.2, after 2 tries\n"
            "= the upstream closed before it had answered; it was not sent again, as it may have been carried out already (closed in the head)\n"
            "- 300 ms held, until an upstream could take it\n- 0.9 ms connecting to the upstream\n- 450 ms in all\n"
            "> the app's log at that moment: frontdoor logs app.2 -n 50");
  const SeenRequest slow{.ended_unix_millis = 1'000'000, .method = "GET", .host = "a", .path = "/", .status = 200, .outcome = "served",
                         .pool = "app", .upstream = "10.0.0.1:80", .tries = 1, .first_byte_us = 2'000'000, .total_us = 2'500'000};
  EXPECT_EQ(told(slow),
            "GET a/ took its time 10s ago: 200 served, of app/10.0.0.1:80\n= the whole answer of the upstream reached the client\n"
            "- 2000 ms until the first byte of the answer, from the request's first\n- 500 ms for the rest of it\n- 2500 ms in all");
  const SeenRequest early{.ended_unix_millis = 1'000'000, .outcome = "no_route", .failed = true};
  EXPECT_TRUE(told(early).starts_with("a request failed 10s ago: no status no_route\n= no [[route]] matches")) << told(early);
  SeenRequest foreign = failed;
  foreign.upstream = "10.0.0.1:80";
  EXPECT_TRUE(told(foreign).ends_with("\n> the app's log at that moment")) << told(foreign);
  foreign.pool = "a", foreign.upstream = "a.internal:80";
  EXPECT_TRUE(told(foreign).ends_with("\n> the app's log at that moment")) << told(foreign);
  failed.protocol = "HTTP/2.0";
  EXPECT_TRUE(told(failed).find(", after 2 tries; HTTP/2.0\n") != std::string::npos) << told(failed);
  failed.tls = "TLSv1.3", failed.upstream_protocol = "HTTP/1.1";
  EXPECT_TRUE(told(failed).find(", after 2 tries; HTTP/2.0 over TLSv1.3, to the upstream HTTP/1.1\n") != std::string::npos) << told(failed);
  failed.protocol.clear();
  failed.upstream.clear();
  failed.outcome = "hold_timeout";
  EXPECT_TRUE(told(failed).find("502 hold_timeout, of the pool app, after 2 tries") != std::string::npos) << told(failed);
  EXPECT_TRUE(told(failed).ends_with("\n> frontdoor why app")) << told(failed);
  failed.held_us = 10'000'000;
  EXPECT_TRUE(told(failed).find("\n- 10.0 s held, until") != std::string::npos) << told(failed);
  failed.outcome = "brand_new";
  EXPECT_TRUE(told(failed).find("= docs/outcomes.md says what brand_new means") != std::string::npos) << told(failed);
}

TEST(RequestStory, HasAMeaningForEveryOutcomeOfTheDocumentation) {
  std::ifstream page(FRONTDOOR_SOURCE_DIR "/docs/outcomes.md");
  unsigned count = 0;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("Connections that are closed")) break;  // those are no requests
    if (!line.starts_with("| `")) continue;
    const std::string names = line.substr(0, line.find(" | "));
    for (std::size_t at = names.find('`'); at != std::string::npos;) {
      const auto end = names.find('`', at + 1);
      const std::string outcome = names.substr(at + 1, end - at - 1);
      EXPECT_NE(meaning_of(outcome), "") << outcome;
      ++count;
      at = names.find('`', end + 1);
    }
  }
  EXPECT_GT(count, 30u);
  EXPECT_EQ(meaning_of("nothing"), "");
}

// Each rule by which nothing is sent again has its words; those that allow it need none.
TEST(RequestStory, HasAReasonForEachRuleThatForbidsARetry) {
  std::ifstream page(FRONTDOOR_SOURCE_DIR "/docs/outcomes.md");
  unsigned forbid = 0, allow = 0;
  for (std::string line; std::getline(page, line);) {
    const bool no = line.find("` | no | ") != std::string::npos;
    if (!no && line.find("` | yes | ") == std::string::npos) continue;
    const std::string names = line.substr(0, line.find(" | "));
    for (std::size_t at = names.find('`'); at != std::string::npos;) {
      const auto end = names.find('`', at + 1);
      const std::string rule = names.substr(at + 1, end - at - 1);
      if (rule != "not_configured") {
        EXPECT_EQ(why_not_again(rule).empty(), !no) << rule;
      }
      ++(no ? forbid : allow);
      at = names.find('`', end + 1);
    }
  }
  EXPECT_GT(forbid, 10u);
  EXPECT_GT(allow, 4u);
}

TEST(RequestStory, SaysWhereARequestIsThatIsNotKept) {
  EXPECT_EQ(why_not_kept("4f2a", "/var/log/fd.log"),
            "the request 4f2a is not kept: of all of them only the last 100 that failed are, and the slowest 5 of each ten seconds of "
            "the last five minutes; the access log has its line: grep 4f2a /var/log/fd.log");
  EXPECT_TRUE(why_not_kept("x", "stdout").ends_with("look for the id in what frontdoor writes to standard output"));
  EXPECT_TRUE(why_not_kept("x", "stderr").ends_with("to standard error"));
  EXPECT_TRUE(why_not_kept("x", "off").ends_with("; the access log, which would have its line, is off"));
}

TEST(RequestStory, KnowsAnIdFromAPoolsName) {
  EXPECT_TRUE(looks_like_request_id("9f86d081884c7d659a2feaa0c55ad015"));
  EXPECT_TRUE(looks_like_request_id("b3f1a2c4-7e57-4d1e-9c3a-000000000001"));
  for (const char* const word : {"app", "app.2", "a-rather-long-name-of-a-pool", "web-2024", ""}) EXPECT_FALSE(looks_like_request_id(word)) << word;
}

}  // namespace
}  // namespace frontdoor
