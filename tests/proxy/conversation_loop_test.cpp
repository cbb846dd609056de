// A request that comes back to the front door that has sent it: over its own listener, or over others.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <string>

#include "support/test_proxy.h"

namespace frontdoor::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string config(const Endpoint& upstream, bool via = true, const std::string& protocol = "http/1.1") {
  return std::string(via ? "listen = \"127.0.0.1:0\"\n"
                         : "[[listener]]\naddress = \"127.0.0.1:0\"\nvia = false\n") +
         "[pool.app]\nprotocol = \"" + protocol + "\"\nupstreams = [\"" + upstream.to_string() + "\"]\n";
}

// Asks the first one; all turn until there is an answer.
std::string ask(std::vector<TestProxy*> doors, const std::string& fields = "",
                ScriptedUpstream* app = nullptr) {
  const auto client = doors.front()->client();
  client->send("GET /a HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n");
  EXPECT_TRUE(doors.front()->until({client.get()}, [&] {
    for (std::size_t i = 1; i < doors.size(); ++i) doors[i]->worker().run_once(Millis{0});
    if (app) app->poll();
    return complete_response(client->received());
  })) << client->received();
  return client->received();
}

std::size_t lines_of(const std::string& log) {
  return static_cast<std::size_t>(std::count(log.begin(), log.end(), '\n'));
}

TEST(Loop, AnUpstreamThatIsOurOwnListenerIsFoundAtOnce) {
  ScriptedUpstream unused;
  for (const bool via : {true, false})
    for (const std::string protocol : {"http/1.1", "h2c"}) {
      TestProxy door({&unused}, via ? "" : "[[listener]]\naddress = \"127.0.0.1:0\"\nvia = false\n");
      door.publish(config(door.endpoint(), via, protocol));
      const auto answer = ask({&door});
      EXPECT_THAT(answer, StartsWith("HTTP/1.1 508 Loop Detected\r\n")) << via << protocol;
      std::string head = answer;
      for (char& c : head) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));  // as HTTP/2 has the names
      EXPECT_THAT(head, HasSubstr("cache-control: no-store\r\n"));
      std::string log;
      for (int i = 0; i < 100 && lines_of(log) < 2; ++i) log = door.log();
      EXPECT_EQ(lines_of(log), 2u) << log;  // once out, once back
      EXPECT_THAT(log, HasSubstr("\"loop_detected\""));
      EXPECT_EQ(door.worker().looped(), 1u);
    }
}

TEST(Loop, ARingOfSeveralIsFoundByTheFirst) {
  ScriptedUpstream unused;
  TestProxy first({&unused});
  TestProxy second({&unused});
  TestProxy third({&unused});
  first.publish(config(second.endpoint(), false));
  second.publish(config(third.endpoint(), false));
  third.publish(config(first.endpoint(), false));
  EXPECT_THAT(ask({&first, &second, &third}), StartsWith("HTTP/1.1 508 "));
  // A ring that its first door is not part of.
  third.publish(config(second.endpoint(), false));
  EXPECT_THAT(ask({&first, &second, &third}), StartsWith("HTTP/1.1 508 "));
  // Whatever is spoken on the way.
  second.publish(config(third.endpoint(), false, "h2c"));
  third.publish(config(first.endpoint(), false));
  EXPECT_THAT(ask({&first, &second, &third}), StartsWith("HTTP/1.1 508 "));
}

TEST(Loop, AChainOfDifferentFrontDoorsIsNone) {
  ScriptedUpstream app;
  app.always_reply("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\napp");
  TestProxy edge({&app});
  TestProxy sidecar({&app});
  edge.publish(config(sidecar.endpoint()));
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(body_of(ask({&edge, &sidecar}, "CDN-Loop: cdn.example\r\n", &app)), "app");
  EXPECT_THAT(app.last_request(), HasSubstr("\r\nCDN-Loop: cdn.example\r\nCDN-Loop: frontdoor; id="));
}

// Who forges a mark that an app has shown him stops his own request.
TEST(Loop, AForgedMarkHurtsNobodyElse) {
  ScriptedUpstream app;
  app.always_reply("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\napp");
  TestProxy door({&app});
  EXPECT_EQ(body_of(ask({&door}, "", &app)), "app");
  const auto seen = app.last_request();
  const auto at = seen.find("CDN-Loop: ");
  ASSERT_NE(at, std::string::npos) << seen;
  const auto line = seen.substr(at, seen.find("\r\n", at) + 2 - at);
  EXPECT_THAT(ask({&door}, line, &app), StartsWith("HTTP/1.1 508 "));
  EXPECT_EQ(body_of(ask({&door}, "", &app)), "app");
  EXPECT_EQ(body_of(ask({&door}, "Connection: CDN-Loop\r\n", &app)), "app");
  EXPECT_THAT(app.last_request(), HasSubstr(line));
}

}  // namespace
}  // namespace frontdoor::testing
