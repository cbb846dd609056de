// What a webhook's URL means, and that no more of it is shown than its host.

#include "config/webhook_url.h"

#include <gtest/gtest.h>

namespace frontdoor::config {
namespace {

TEST(WebhookUrl, IsTakenApart) {
  const struct {
    const char* text;
    const char* shown;
    const char* target;
    const char* userinfo;
    bool local;
  } cases[] = {
      {"https://hooks.example", "https://hooks.example:443", "/", "", false},
      {"https://hooks.example/services/T0/x", "https://hooks.example:443", "/services/T0/x", "", false},
      {"http://127.0.0.1:9000/a?token=t#part", "http://127.0.0.1:9000", "/a?token=t", "", true},
      {"http://localhost?token=t", "http://localhost:80", "/?token=t", "", true},
      {"https://me:p%40ss@hooks.example:8443/x", "https://hooks.example:8443", "/x", "me:p@ss", false},
      {"https://a@b@hooks.example/", "https://hooks.example:443", "/", "a@b", false},
      {"http://[::1]:9/x", "http://[::1]:9", "/x", "", true},
      {"https://hooks.example/x@y", "https://hooks.example:443", "/x@y", "", false},
  };
  for (const auto& c : cases) {
    std::string problem;
    const auto url = parse_webhook_url(c.text, problem);
    ASSERT_TRUE(url) << c.text;
    EXPECT_EQ(url->shown(), c.shown);
    EXPECT_EQ(url->target, c.target);
    EXPECT_EQ(url->userinfo, c.userinfo);
    EXPECT_EQ(url->is_local(), c.local) << c.text;
    EXPECT_EQ(webhook_problem(c.text), "");
  }
}

TEST(WebhookUrl, ThatIsNoneIsRefusedWithoutBeingRepeated) {
  for (const char* const text : {"hooks.example", "ftp://hooks.example", "https://", "https:///x", "https://u@/x", "https://a b/",
                                 "https://a/\r\nHost: b", "https://a:99999/", "https://unix:/run/a.sock", "https://a/\"x", "https://ä/"}) {
    EXPECT_EQ(webhook_problem(text), "a webhook is a URL as in \"https://hooks.example.com/frontdoor\"") << text;
  }
  EXPECT_EQ(webhook_problem(""), "");
}

}  // namespace
}  // namespace frontdoor::config
