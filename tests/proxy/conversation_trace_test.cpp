// Traces through the whole proxy: what the upstream is told, and that the log names the same trace.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "support/h2_client.h"
#include "support/messages.h"
#include "support/test_proxy.h"
#include "support/tunnel_talk.h"

namespace frontdoor::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const std::string kTraceId = "0af7651916cd43dd8448eb211c80319c";
const std::string kTraceparent = "traceparent: 00-" + kTraceId + "-b7ad6b7169203331-01\r\n";
const std::string kInLog = "\"trace_id\":\"" + kTraceId + "\"}\n";
constexpr const char* kTracing = "tracing = true\n";

std::string traced_get(const std::string& fields) { return "GET / HTTP/1.1\r\nHost: e\r\n" + fields + "\r\n"; }

// What stands behind `name` up to the end of the line, or of the text in quotes.
std::string behind(const std::string& text, const std::string& name) {
  const auto at = text.find(name);
  if (at == std::string::npos) return "(none)";
  const auto begin = at + name.size();
  return text.substr(begin, text.find_first_of("\r\"", begin) - begin);
}

struct TraceStage {
  ScriptedUpstream upstream;
  TestProxy proxy;

  explicit TraceStage(std::string_view extra = "") : proxy({&upstream}, extra) { upstream.always_reply(kHello); }

  std::string seen(const std::string& request) {
    EXPECT_EQ(body_of(proxy.converse(request)), "hello");
    return upstream.last_request();
  }
};

TEST(Tracing, AClientsTraceIsPassedOnAndNamedInTheLog) {
  TraceStage stage;
  const std::string seen = stage.seen(traced_get(kTraceparent + "tracestate: a=1\r\n"));
  EXPECT_THAT(seen, HasSubstr("\r\n" + kTraceparent + "tracestate: a=1\r\n"));
  EXPECT_THAT(stage.proxy.log(), HasSubstr(kInLog));
}

TEST(Tracing, WithoutItNothingIsBegunAndNothingIsNamed) {
  TraceStage stage;
  EXPECT_THAT(stage.seen(kGet), Not(HasSubstr("traceparent")));
  EXPECT_THAT(stage.seen(traced_get("traceparent: 00-0-0-00\r\n")), HasSubstr("traceparent: 00-0-0-00\r\n"));
  EXPECT_THAT(stage.proxy.log(), Not(HasSubstr("trace_id")));
}

TEST(Tracing, BeginsATraceThatIsNamedAfterTheRequest) {
  for (const char* fields : {"", "traceparent: nonsense\r\ntracestate: a=1\r\n"}) {
    TraceStage stage(kTracing);
    const std::string seen = stage.seen(traced_get(fields));
    const std::string id = behind(seen, "X-Request-Id: ");
    EXPECT_EQ(behind(seen, "traceparent: "), "00-" + id + "-" + id.substr(16) + "-01");
    EXPECT_THAT(seen, Not(HasSubstr("nonsense")));
    EXPECT_THAT(seen, Not(HasSubstr("tracestate")));
    EXPECT_THAT(stage.proxy.log(), HasSubstr("\"request_id\":\"" + id + "\",\"trace_id\":\"" + id + "\"}\n"));
  }
}

// The name that a trusted proxy gave the request may be no trace id.
TEST(Tracing, ARequestThatHasANameOfItsOwnGetsATraceOfOurs) {
  TraceStage stage("tracing = true\n[[listener]]\naddress = \"127.0.0.1:0\"\ntrusted_proxies = [\"127.0.0.1\"]\n");
  const std::string seen = stage.seen(traced_get("X-Request-Id: order-17\r\n"));
  const std::string traceparent = behind(seen, "traceparent: ");
  EXPECT_EQ(http::trace_id_of(traceparent), traceparent.substr(3, 32));
  EXPECT_THAT(stage.proxy.log(), HasSubstr("\"request_id\":\"order-17\",\"trace_id\":\"" + traceparent.substr(3, 32) + "\"}\n"));
}

TEST(Tracing, EachAttemptCarriesTheSameTrace) {
  ScriptedUpstream first, second;
  TestProxy proxy({&first, &second}, kTracing);
  const auto client = proxy.client();
  client->send(kGet);
  ASSERT_TRUE(proxy.until({client.get()}, [&] { return first.connections() == 1 && first.last().saw("\r\n\r\n"); }));
  const std::string traceparent = behind(first.last().received(), "traceparent: ");
  first.last().reset();
  ASSERT_TRUE(proxy.until({client.get()}, [&] { return second.connections() == 1 && second.last().saw("\r\n\r\n"); }));
  EXPECT_EQ(behind(second.last().received(), "traceparent: "), traceparent);
  EXPECT_EQ(traceparent.size(), 55u);
  second.last().send(kHello);
  ASSERT_TRUE(proxy.until({client.get()}, [&] { return complete_response(client->received()); }));
  EXPECT_THAT(proxy.log(), HasSubstr("\"tries\":2,"));
  EXPECT_THAT(proxy.log(), HasSubstr("\"trace_id\":\"" + traceparent.substr(3, 32) + "\"}\n"));
}

TEST(Tracing, OurOwnAnswersAreFoundByTheClientsTrace) {
  TraceStage stage;
  EXPECT_THAT(stage.proxy.converse("GET /%zz HTTP/1.1\r\nHost: e\r\n" + kTraceparent + "\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(stage.proxy.log(), HasSubstr(kInLog));
}

TEST(Tracing, StrangersChooseNoTraceWhereTheyAreNotBelieved) {
  const std::string request = traced_get(kTraceparent + "tracestate: a=1\r\n");
  const std::string only = "traceparent_from = \"trusted_proxies\"\n";
  {
    TraceStage stage(only);
    const std::string seen = stage.seen(request);
    EXPECT_THAT(seen, Not(HasSubstr("traceparent")));
    EXPECT_THAT(seen, Not(HasSubstr("tracestate")));
    EXPECT_THAT(stage.proxy.log(), Not(HasSubstr("trace_id")));
  }
  {
    TraceStage stage(only + kTracing);
    const std::string seen = stage.seen(request);
    EXPECT_THAT(seen, Not(HasSubstr(kTraceId)));
    EXPECT_EQ(behind(seen, "traceparent: 00-").substr(0, 32), behind(seen, "X-Request-Id: "));
  }
  TraceStage stage(only + "[[listener]]\naddress = \"127.0.0.1:0\"\ntrusted_proxies = [\"127.0.0.1\"]\n");
  EXPECT_THAT(stage.seen(request), HasSubstr(kTraceparent + "tracestate: a=1\r\n"));
  EXPECT_THAT(stage.proxy.log(), HasSubstr(kInLog));
}

// A tunnel's line is written when its request's head is long gone.
TEST(Tracing, ATunnelKeepsItsTraceForTheLog) {
  for (const bool clients : {true, false}) {
    TunnelTalk talk(kTracing);
    std::string handshake(kHandshake);
    if (clients) handshake.insert(handshake.size() - 2, kTraceparent);
    talk.client->send(handshake);
    ASSERT_TRUE(talk.asked());
    const std::string traceparent = behind(talk.server().received(), "traceparent: ");
    EXPECT_EQ(traceparent.substr(3, 32) == kTraceId, clients);
    talk.server().send(kSwitch);
    ASSERT_TRUE(talk.until([&] { return talk.client->saw("\r\n\r\n"); }));
    talk.client->send(client_frame("overwrites what the head was"));
    ASSERT_TRUE(talk.until([&] { return talk.server().saw("overwrites"); }));
    talk.client->reset();
    talk.proxy.settle({talk.client.get()});
    EXPECT_THAT(talk.proxy.log(), HasSubstr("\"trace_id\":\"" + traceparent.substr(3, 32) + "\"}\n"));
  }
}

TEST(Tracing, HoldsOverHttp2) {
  ScriptedUpstream upstream;
  upstream.always_reply(kHello);
  TestProxy proxy({&upstream}, kTracing);
  H2Client client(proxy, h2::hello());
  const std::string value = kTraceparent.substr(13, 55);
  client.send(h2::headers(1, h2::get("/", {{"traceparent", value}, {"tracestate", "a=1"}})));
  ASSERT_TRUE(client.ended(1));
  EXPECT_THAT(upstream.last_request(), HasSubstr("\r\n" + kTraceparent + "tracestate: a=1\r\n"));
  EXPECT_THAT(proxy.log(), HasSubstr(kInLog));
  client.send(h2::headers(3, h2::get("/", {{"traceparent", value}, {"traceparent", value}, {"tracestate", "a=1"}})));
  ASSERT_TRUE(client.ended(3));
  EXPECT_THAT(upstream.last_request(), Not(HasSubstr(kTraceId))) << "two are none";
  EXPECT_EQ(behind(upstream.last_request(), "traceparent: 00-").substr(0, 32), behind(upstream.last_request(), "X-Request-Id: "));
}

}  // namespace
}  // namespace frontdoor::testing
