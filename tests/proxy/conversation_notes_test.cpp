// What responses tell of their way, through the whole proxy: the same over HTTP/1 and HTTP/2, whoever made the response.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "support/h2_client.h"
#include "support/messages.h"
#include "support/test_proxy.h"
#include "support/tunnel_talk.h"

namespace frontdoor::testing {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string telling(const std::string& keys) { return "[[listener]]\naddress = \"127.0.0.1:0\"\n" + keys; }
const std::string kAll = telling("server_timing = true\nproxy_status = \"all\"\n");
const std::string kOwn = telling("proxy_status = \"own\"\n");

constexpr const char* kTheirs =
    "HTTP/1.1 200 OK\r\nServer-Timing: db;dur=5\r\nProxy-Status: cache; fwd=miss\r\nContent-Length: 5\r\n\r\nhello";

struct NotedAnswer {
  ScriptedUpstream upstream;
  TestProxy proxy;

  explicit NotedAnswer(const std::string& extra, const char* reply = kHello) : proxy({&upstream}, extra) {
    upstream.always_reply(reply);
  }
};

TEST(Notes, StandBehindThoseOfTheUpstream) {
  NotedAnswer stage(kAll, kTheirs);
  const std::string answer = stage.proxy.converse(kGet);
  EXPECT_THAT(answer, ContainsRegex("\r\nServer-Timing: db;dur=5\r\n(.*\r\n)*Server-Timing: fd;dur=[0-9]+[.][0-9]{3}, "
                                    "upstream;dur=[0-9]+[.][0-9]{3}\r\n"));
  EXPECT_THAT(answer, ContainsRegex("\r\nProxy-Status: cache; fwd=miss\r\n(.*\r\n)*Proxy-Status: frontdoor; received-status=200\r\n"));
}

TEST(Notes, ByDefaultThereAreNone) {
  NotedAnswer stage("", kTheirs);
  const std::string answer = stage.proxy.converse(kGet);
  EXPECT_THAT(answer, HasSubstr("\r\nServer-Timing: db;dur=5\r\nProxy-Status: cache; fwd=miss\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("frontdoor;")));
  EXPECT_THAT(answer, Not(HasSubstr("fd;dur")));
  EXPECT_THAT(stage.proxy.converse("GET /%zz HTTP/1.1\r\nHost: e\r\n\r\n"), Not(HasSubstr("Proxy-Status")));
}

TEST(Notes, OfOurOwnAnswersNameTheReason) {
  const struct {
    const char* request;
    const char* status;
  } rows[] = {
      {"GET /%zz HTTP/1.1\r\nHost: e\r\n\r\n", "Proxy-Status: frontdoor; error=http_request_error; details=\"bad_target\"\r\n"},
      {"OPTIONS * HTTP/1.1\r\nHost: e\r\n\r\n", "Proxy-Status: frontdoor; error=proxy_internal_response; details=\"answered\"\r\n"},
      // These come to no exchange.
      {"nonsense\r\n\r\n", "Proxy-Status: frontdoor; error=http_request_error; details=\"bad_request\"\r\n"},
      {"CONNECT e:443 HTTP/1.1\r\nHost: e:443\r\n\r\n",
       "Proxy-Status: frontdoor; error=proxy_internal_response; details=\"connect_not_allowed\"\r\n"},
  };
  for (const std::string& listener : {kAll, kOwn}) {
    for (const auto& row : rows) {
      NotedAnswer stage(listener);
      const std::string answer = stage.proxy.converse(row.request);
      EXPECT_THAT(answer, HasSubstr(row.status)) << row.request;
      EXPECT_EQ(answer.find("Server-Timing: fd;dur=") != std::string::npos, listener == kAll) << answer;
    }
    NotedAnswer stage(listener);
    EXPECT_EQ(stage.proxy.converse(kGet).find("Proxy-Status") != std::string::npos, listener == kAll);
  }
}

TEST(Notes, NameTheUpstreamToTrustedProxiesAlone) {
  for (const bool trusted : {true, false}) {
    ScriptedUpstream gone;
    gone.stop_listening();
    TestProxy proxy({&gone}, telling("proxy_status = \"own\"\n" + std::string(trusted ? "trusted_proxies = [\"127.0.0.1\"]\n" : "")),
                    "hold.timeout = \"0s\"");
    const std::string answer = proxy.converse(kGet);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
    EXPECT_THAT(answer, HasSubstr("Proxy-Status: frontdoor; error=destination_unavailable; details=\"no_upstream\""));
    EXPECT_EQ(answer.find("next-hop=\"" + proxy.upstream(0).name() + "\"") != std::string::npos, trusted) << answer;
  }
}

TEST(Notes, AreTheSameOverHttp2) {
  NotedAnswer stage(kAll, kTheirs);
  H2Client client(stage.proxy, h2::hello());
  client.send(h2::headers(1, h2::get()));
  ASSERT_TRUE(client.ended(1));
  std::string status, timing;
  for (const auto& [name, value] : client.answer(1).fields) {
    if (name == "proxy-status") status += value + "|";
    if (name == "server-timing") timing += value + "|";
  }
  EXPECT_EQ(status, "cache; fwd=miss|frontdoor; received-status=200|");
  EXPECT_THAT(timing, StartsWith("db;dur=5|fd;dur="));
  client.send(h2::headers(3, h2::get("/%zz")));
  ASSERT_TRUE(client.ended(3));
  EXPECT_EQ(client.answer(3)["proxy-status"], "frontdoor; error=http_request_error; details=\"bad_target\"");
  client.send(h2::headers(5, h2::get("/" + std::string(9'000, 'x'))));  // comes to no exchange
  ASSERT_TRUE(client.ended(5));
  EXPECT_EQ(client.answer(5)["proxy-status"], "frontdoor; error=http_request_error; details=\"uri_too_long\"");
  EXPECT_THAT(client.answer(5)["server-timing"], StartsWith("fd;dur="));
}

TEST(Notes, AreInTheAnswerToAHandshake) {
  TunnelTalk talk(kAll);
  talk.client->send(kHandshake);
  ASSERT_TRUE(talk.asked());
  talk.server().send(kSwitch);
  ASSERT_TRUE(talk.until([&] { return talk.client->saw("\r\n\r\n"); }));
  EXPECT_THAT(talk.client->received(), HasSubstr("Proxy-Status: frontdoor; received-status=101\r\n"));
  EXPECT_THAT(talk.client->received(), HasSubstr("Server-Timing: fd;dur="));
}

}  // namespace
}  // namespace frontdoor::testing
