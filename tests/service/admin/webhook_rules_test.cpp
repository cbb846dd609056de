// What the webhook says, and when it says it again.

#include "service/admin/webhook_rules.h"

#include <gtest/gtest.h>

namespace frontdoor {
namespace {

std::shared_ptr<const Event> event(const char* text, LogLevel level = LogLevel::Warn) {
  auto made = std::make_shared<Event>();
  made->id = made->unix_micros = 1'764'330'051'872'114;
  made->level = level;
  made->text = text;
  made->pool = "app";
  made->upstream = "app.1";
  made->fields = {{"pool", "app"}, {"last_words", "no such module"}};
  return made;
}

config::WebhookUrl url(const char* text) {
  std::string problem;
  return *config::parse_webhook_url(text, problem);
}

TEST(WebhookRules, TellWhatIsImportantEnoughAndNeverTheWebhooksOwnTroubles) {
  EXPECT_TRUE(goes_to_webhook(*event("upstream down"), LogLevel::Warn));
  EXPECT_TRUE(goes_to_webhook(*event("upstream down", LogLevel::Error), LogLevel::Warn));
  EXPECT_FALSE(goes_to_webhook(*event("upstream up", LogLevel::Info), LogLevel::Warn));
  EXPECT_TRUE(goes_to_webhook(*event("upstream up", LogLevel::Info), LogLevel::Info));
  EXPECT_FALSE(goes_to_webhook(*event("webhook can not be told, it is tried again"), LogLevel::Info));
}

TEST(WebhookRules, SayItAsOneJsonObjectAndOneRequest) {
  EXPECT_EQ(webhook_body({event("upstream down")}, 3, "front-1", 7),
            R"({"source":"frontdoor","host":"front-1","pid":7,"lost":3,"events":[{"id":1764330051872114,)"
            R"("time":"2025-11-28T11:40:51.872114Z","level":"warn","kind":"evicted","pool":"app","upstream":"app.1",)"
            R"("text":"upstream down","fields":{"last_words":"no such module"}}]})");
  EXPECT_EQ(webhook_request(url("https://hooks.example/x?k=1"), "", "{}"),
            "POST /x?k=1 HTTP/1.1\r\nHost: hooks.example\r\nUser-Agent: frontdoor\r\nContent-Type: application/json\r\n"
            "Connection: close\r\nContent-Length: 2\r\n\r\n{}");
  const auto authorization = [](const char* where, const char* token) {
    const std::string request = webhook_request(url(where), token, "");
    const auto begin = request.find("Authorization: ");
    return begin == std::string::npos ? "" : request.substr(begin + 15, request.find("\r\n", begin) - begin - 15);
  };
  EXPECT_EQ(authorization("http://a:80/", ""), "");
  EXPECT_EQ(authorization("http://a:80/", "t0ken"), "Bearer t0ken");
  EXPECT_EQ(authorization("http://Aladdin:open%20sesame@a:80/", ""), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  EXPECT_EQ(authorization("http://u:p@a:80/", ""), "Basic dTpw");
  EXPECT_EQ(authorization("http://u:pw@a:80/", ""), "Basic dTpwdw==");
  EXPECT_EQ(authorization("http://u:pwd@a:80/", ""), "Basic dTpwd2Q=");
  EXPECT_EQ(authorization("http://u:p@a:80/", "t0ken"), "Bearer t0ken");
}

TEST(WebhookRules, SendAgainWhatIsTheReceiversTrouble) {
  using enum WebhookEnd;
  const struct {
    unsigned status;
    WebhookEnd end;
  } cases[] = {{200, Delivered}, {202, Delivered}, {204, Delivered}, {0, TryAgain},  {500, TryAgain}, {503, TryAgain},
               {408, TryAgain},  {425, TryAgain},  {429, TryAgain},  {301, Refused}, {400, Refused},  {401, Refused},
               {404, Refused},   {413, Refused}};
  for (const auto& c : cases) EXPECT_EQ(end_of(c.status), c.end) << c.status;
}

TEST(WebhookRules, WaitLongerEachTimeAndNotAllAtOnce) {
  const struct {
    unsigned failures;
    double random;
    std::int64_t millis;
  } cases[] = {{1, 0, 1'000}, {2, 0, 2'000}, {3, 0, 4'000}, {6, 0, 32'000}, {7, 0, 60'000}, {4'000'000'000, 0, 60'000},
               {1, 1, 500},   {7, 1, 30'000}, {0, 0, 1'000}, {1, 7, 500}};
  for (const auto& c : cases) EXPECT_EQ(webhook_pause(c.failures, c.random).count(), c.millis) << c.failures;
}

TEST(WebhookRules, WaitAsLongAsTheReceiverAsksForButNotForEver) {
  constexpr std::int64_t now = 784'111'777;  // Sun, 06 Nov 1994 08:49:37 GMT
  const struct {
    const char* retry_after;
    std::int64_t seconds;  // -1: it asks for nothing
  } cases[] = {{"30", 30},
               {"1", 1},
               {"0", 1},
               {"3600", 3'600},
               {"86400", 3'600},
               {"99999999999999999999", 3'600},
               {"Sun, 06 Nov 1994 08:50:37 GMT", 60},
               {"Sun, 06 Nov 1994 08:49:36 GMT", 1},
               {"Mon, 06 Nov 2094 08:49:36 GMT", 3'600},
               {"Sun, 06 Nov 1994 08:50:37 GMT!", -1},
               {"Sunday, 06-Nov-94 08:49:37 GMT", -1},
               {"", -1},
               {"-5", -1},
               {"+5", -1},
               {"1.5", -1},
               {"soon", -1}};
  for (const auto& c : cases) {
    const auto pause = asked_pause(c.retry_after, now);
    EXPECT_EQ(pause ? pause->count() : -1, c.seconds < 0 ? -1 : c.seconds * 1'000) << c.retry_after;
  }
}

}  // namespace
}  // namespace frontdoor
