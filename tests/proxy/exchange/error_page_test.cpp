// Who gets which format, and what stands in it.

#include "proxy/exchange/error_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace frontdoor {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kHtml = "text/html; charset=utf-8";
constexpr std::string_view kJson = "application/json";
constexpr std::string_view kText = "text/plain; charset=utf-8";

TEST(ErrorPage, GivesTheFormatThatAcceptNames) {
  const struct {
    std::string_view accept, expected;
  } cases[] = {
      {"", kText},
      {"*/*", kText},
      {"text/*", kText},
      {"text/plain", kText},
      {"text/htmlx", kText},
      {"text/html", kHtml},
      {"TEXT/HTML", kHtml},
      {"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", kHtml},  // a browser
      {"application/json", kJson},
      {"application/json, text/plain, */*", kJson},  // axios
      {"application/vnd.api+json", kJson},
      {"text/html, application/json", kHtml},
      {"application/json, text/html", kJson},
      {"text/html;q=0.5, application/json", kJson},
      {"text/html;level=1;q=0.9, application/json;q=0.25", kHtml},
      {"text/html;q=0", kText},
      {"text/html; q=0, application/json ;q=0.001", kJson},
      {"text/html;q=x", kText},
      {"text/html;q=0.1234", kText},
      {",;q=1,;,,", kText},
  };
  for (const auto& c : cases)
    EXPECT_EQ(error_page(503, "no_upstream", c.accept, "id").content_type, c.expected) << c.accept;
}

TEST(ErrorPage, TextIsOneLine) {
  EXPECT_EQ(error_page(503, "no_upstream", "*/*", "7f3a").body,
            "503 Service Unavailable (no_upstream, request 7f3a)\n");
  EXPECT_EQ(error_page(404, "no_route", "", "").body, "404 Not Found (no_route)\n");
}

TEST(ErrorPage, JsonIsOneObject) {
  EXPECT_EQ(
      error_page(504, "response_header_timeout", "application/json", "7f3a").body,
      R"({"status":504,"error":"Gateway Timeout","outcome":"response_header_timeout","request_id":"7f3a"})"
      "\n");
}

TEST(ErrorPage, HtmlSaysWhatHappenedAndHowToFindItInTheLogs) {
  const auto page = error_page(404, "no_route", "text/html", "7f3a").body;
  EXPECT_THAT(page, AllOf(StartsWith("<!doctype html>"), HasSubstr("<title>404 Not Found</title>"),
                          HasSubstr("nothing at this address"), HasSubstr("no_route"), HasSubstr("7f3a")));
  EXPECT_LT(page.size(), 1500u);
}

TEST(ErrorPage, AHostileRequestIdDoesNothing) {
  const std::string id = "<script>\"&\r\n\x1b[2J" + std::string(10'000, 'x');
  for (const auto* accept : {"text/html", "application/json", "*/*"}) {
    const auto page = error_page(400, "bad_request", accept, id).body;
    EXPECT_THAT(page, AllOf(Not(HasSubstr("\x1b")), Not(HasSubstr("\r")))) << accept;
    EXPECT_LT(page.size(), 1700u) << accept;
  }
  EXPECT_THAT(error_page(400, "bad_request", "text/html", id).body, Not(HasSubstr("<script>")));
}

TEST(ErrorPage, AStatusWithoutAPhraseIsStillAPage) {
  EXPECT_EQ(error_page(599, "odd", "", "").body, "599 Error (odd)\n");
}

}  // namespace
}  // namespace frontdoor
