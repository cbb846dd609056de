// Every timeout of an exchange: when it ends, what the client is told, and which word the log says. And the
// log record.

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "support/exchange_stage.h"

namespace frontdoor {
namespace {

using http::BodyKind;
using testing::ExchangeStage;
using testing::FakeSink;
using testing::kChunked;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

const testing::OwnedFields kEventStream{{"Content-Type", "text/event-stream; charset=utf-8"}};

std::string outcome(std::string_view word) { return "\"outcome\":\"" + std::string(word) + "\""; }

struct WatchedUpload : ExchangeStage {
  explicit WatchedUpload(const char* method = "POST", std::uint64_t min_bytes_per_second = 100)
      : ExchangeStage(2, [=](auto& config) { config.limits.min_bytes_per_second = min_bytes_per_second; }) {
    client.ask(method, "/");
    client.announce_body(kChunked);
  }
};

// Nothing before `limit`, the end soon after it.
void expect_end_after(ExchangeStage& stage, Duration limit) {
  stage.pass(limit - 500ms);
  EXPECT_FALSE(stage.ended()) << "early";
  stage.pass(500ms);
  EXPECT_TRUE(stage.ended()) << "late";
}

TEST(Timeout, ConnectIsTriedElsewhereAndThen504) {
  ExchangeStage stage;
  stage.dialer.hold();
  stage.run();
  stage.pass(1s);
  EXPECT_EQ(stage.dialer.dials, 2);
  stage.pass(1s);
  EXPECT_EQ(stage.dialer.dials, 3);
  stage.pass(1s);
  ASSERT_TRUE(stage.left_nothing_behind());
  EXPECT_EQ(stage.client.status(), 504);
  EXPECT_TRUE(stage.refused.empty());
  EXPECT_THAT(stage.log_line(), HasSubstr(outcome("connect_timeout")));
}

TEST(Timeout, ASilentUpstreamsGetGoesElsewhere) {
  ExchangeStage stage;
  stage.run();
  stage.pass(29s);
  EXPECT_EQ(stage.dialer.dials, 1);
  stage.pass(1s);
  ASSERT_EQ(stage.dialer.connections.size(), 2u);
  EXPECT_FALSE(stage.conn(0).open);
  EXPECT_EQ(stage.conn(1).name, stage.name(1));
  EXPECT_EQ(stage.in_flight(), 1u);
  stage.conn(1).respond_whole("hello");
  stage.turn();
  EXPECT_EQ(stage.client.answer.received(), "hello");
  EXPECT_THAT(stage.log_line(), HasSubstr("\"retry\":\"timeout_safe\""));
}

TEST(Timeout, ASilentUpstreamIsNotAskedASecondTime) {
  ExchangeStage alone(1);
  alone.run();
  expect_end_after(alone, 30s);
  EXPECT_EQ(alone.client.status(), 504);
  EXPECT_EQ(alone.dialer.dials, 1);
  EXPECT_TRUE(alone.left_nothing_behind());
  EXPECT_THAT(alone.log_line(), HasSubstr(outcome("response_header_timeout")));
  EXPECT_THAT(alone.log_line(), HasSubstr("\"retry\":\"timeout_no_other\""));

  ExchangeStage two(2);
  two.run();
  two.pass(30s);
  EXPECT_EQ(two.dialer.dials, 2);
  expect_end_after(two, 30s);
  EXPECT_EQ(two.client.status(), 504);
  EXPECT_EQ(two.dialer.dials, 2) << "although a third try was left";
}

TEST(Timeout, NorWhenItsSiblingsAreDownOrFull) {
  ExchangeStage down(2);
  down.take_down(1);
  down.run();
  expect_end_after(down, 30s);
  EXPECT_EQ(down.client.status(), 504);
  EXPECT_EQ(down.dialer.dials, 1);

  ExchangeStage full(2, [](config::Config& config) { config.pools.front().max_in_flight = 1; });
  ASSERT_TRUE(full.upstream(1).take_slot());
  full.run();
  expect_end_after(full, 30s);
  EXPECT_EQ(full.client.status(), 504);
  EXPECT_EQ(full.dialer.dials, 1);
  full.upstream(1).return_slot();
}

TEST(Timeout, ASilentUpstreamsPostIs504) {
  WatchedUpload stage;
  stage.client.body.end();
  stage.run();
  expect_end_after(stage, 30s);
  EXPECT_EQ(stage.client.status(), 504);
  EXPECT_EQ(stage.dialer.dials, 1);
  EXPECT_TRUE(stage.left_nothing_behind());
  EXPECT_THAT(stage.log_line(), HasSubstr(outcome("response_header_timeout")));
}

TEST(Timeout, AnUpstreamThatDoesNotReadIsSilentToo) {
  WatchedUpload stage;
  stage.run();
  stage.conn(0).request.set_room(0);
  stage.client.body.add("abc");
  stage.turn();
  expect_end_after(stage, 30s);
  EXPECT_EQ(stage.client.status(), 504);
}

TEST(Timeout, ResponseHeaderStartsAgainWithAnInformationalHead) {
  ExchangeStage stage(1);
  stage.client.ask("POST", "/");
  stage.client.body.end();
  stage.run();
  stage.pass(20s);
  stage.conn(0).informational(102);
  stage.turn();
  expect_end_after(stage, 30s);
}

// The end of a body is progress too, even when no byte comes with it.
TEST(Timeout, ASlowEndOfTheBodyIsNotChargedToTheUpstream) {
  WatchedUpload stage;
  stage.client.body.add("abc");
  stage.run();
  stage.pass(29s);
  stage.client.body.end();
  stage.turn();
  expect_end_after(stage, 30s);
  EXPECT_THAT(stage.log_line(), HasSubstr(outcome("response_header_timeout")));
}

// ---- timeouts.request

void forty_seconds(config::Config& config) { config.timeouts.request = 40s; }

TEST(RequestTimeout, IsForAllTriesTogether) {
  ExchangeStage stage(3, forty_seconds);
  stage.run();
  stage.pass(30s);
  EXPECT_EQ(stage.dialer.dials, 2);
  expect_end_after(stage, 10s);
  EXPECT_EQ(stage.client.status(), 504);
  EXPECT_EQ(stage.dialer.dials, 2);
  EXPECT_TRUE(stage.left_nothing_behind());
  EXPECT_THAT(stage.log_line(), HasSubstr(outcome("request_timeout")));
}

TEST(RequestTimeout, CountsFromTheFirstByteOfTheRequest) {
  ExchangeStage stage(2, forty_seconds);
  stage.upstream(0).set_max_in_flight(0);
  stage.run();
  stage.conn(0).informational(103);
  stage.turn();
  stage.pass(20s);
  stage.conn(0).informational(103);  // starts response_header anew, and not this
  stage.turn();
  expect_end_after(stage, 20s);
  EXPECT_EQ(stage.client.status(), 504);
}

TEST(RequestTimeout, IsForTheTimeInHoldToo) {
  ExchangeStage stage(1, [](config::Config& config) { config.timeouts.request = 5s; });
  stage.take_down(0);
  stage.run();
  expect_end_after(stage, 5s);
  EXPECT_EQ(stage.client.status(), 504);
  EXPECT_EQ(stage.pool().memory->held.size(), 0u);
  EXPECT_THAT(stage.log_line(), HasSubstr(outcome("request_timeout")));
}

TEST(RequestTimeout, IsForConnectsToo) {
  ExchangeStage stage(2, [](config::Config& config) { config.timeouts.request = 1500ms; });
  stage.dialer.hold();
  stage.run();
  stage.pass(1s);
  EXPECT_EQ(stage.dialer.dials, 2);
  expect_end_after(stage, 500ms);
  EXPECT_EQ(stage.client.status(), 504);
  EXPECT_EQ(stage.dialer.dials, 2);
  EXPECT_THAT(stage.log_line(), HasSubstr(outcome("request_timeout")));
}

TEST(RequestTimeout, IsForAnUploadToo) {
  ExchangeStage stage(2, forty_seconds);
  stage.client.ask("POST", "/");
  stage.client.announce_body(kChunked);
  stage.run();
  for (int i = 0; i < 39; ++i) stage.client.body.add(std::string(1000, 'x')), stage.pass(1s);
  EXPECT_FALSE(stage.ended());
  stage.pass(1s);
  ASSERT_TRUE(stage.left_nothing_behind());
  EXPECT_EQ(stage.client.status(), 504);
}

TEST(RequestTimeout, CutsNoAnswerThatHasBegun) {
  ExchangeStage stage(2, forty_seconds);
  stage.run();
  stage.conn(0).respond(200, {}, {BodyKind::Length, 5});
  for (const char c : std::string_view("hello")) {
    stage.turn();
    stage.pass(20s);
    stage.conn(0).body.add(std::string(1, c));
  }
  stage.conn(0).body.end();
  stage.turn();
  ASSERT_TRUE(stage.ended());
  EXPECT_EQ(stage.client.answer.received(), "hello");
  EXPECT_THAT(stage.log_line(), HasSubstr(outcome("served")));
}

TEST(RequestTimeout, OfARouteOverridesTheFiles) {
  ExchangeStage stage(2, [](config::Config& config) {
    config.timeouts.request = 5s;
    config.routes.front().timeouts = config.timeouts;
    config.routes.front().timeouts->request = 20s;
  });
  stage.run();
  expect_end_after(stage, 20s);
  EXPECT_EQ(stage.client.status(), 504);
}

TEST(Timeout, AClientThatStopsSendingIs408) {
  WatchedUpload stage("POST", 0);
  stage.client.body.add("abc");
  stage.run();
  for (int i = 0; i < 3; ++i) {  // each byte is progress
    stage.pass(20s);
    stage.client.body.add("x");
    stage.turn();
  }
  expect_end_after(stage, 30s);
  EXPECT_EQ(stage.client.status(), 408);
  EXPECT_FALSE(stage.conn(0).request.ended());
  EXPECT_TRUE(stage.left_nothing_behind());
  EXPECT_TRUE(stage.upstream(0).available()) << "not the upstream's fault";
  EXPECT_THAT(stage.log_line(), HasSubstr(outcome("client_body_timeout")));
}

TEST(Timeout, AClientThatStopsSendingBehindAnAnswerIsCut) {
  WatchedUpload stage;
  stage.run();
  stage.conn(0).respond(200, {}, kChunked);
  stage.turn();
  expect_end_after(stage, 30s);
  EXPECT_TRUE(stage.client.aborted);
  EXPECT_THAT(stage.log_line(), HasSubstr("\"status\":200," + outcome("client_body_timeout")));
}

TEST(Timeout, AClientThatDoesNotReadIsCut) {
  ExchangeStage stage(2, [](config::Config& config) { config.limits.min_bytes_per_second = 0; });
  stage.client.answer.set_room(1);
  stage.run();
  stage.conn(0).respond_whole("hello");
  stage.turn();
  stage.pass(20s);
  stage.client.answer.set_room(1);
  stage.turn();
  expect_end_after(stage, 30s);
  EXPECT_TRUE(stage.client.aborted);
  EXPECT_EQ(stage.client.answer.received(), "he");
  EXPECT_TRUE(stage.left_nothing_behind());
  EXPECT_THAT(stage.log_line(), HasSubstr(outcome("client_write_timeout")));
}

TEST(Timeout, AClientThatDoesNotReadARefusalIsCut) {
  ExchangeStage stage(1, [](config::Config& config) { config.routes.front().host = "other.example"; });
  stage.client.answer.set_room(3);
  stage.run();
  expect_end_after(stage, 30s);
  EXPECT_TRUE(stage.client.aborted);
}

TEST(Timeout, AnUpstreamThatStopsInTheMiddleOfAnAnswerIsCut) {
  ExchangeStage stage;
  stage.run();
  stage.conn(0).respond(200, {}, kChunked);
  for (int i = 0; i < 3; ++i) {
    stage.conn(0).body.add("x");
    stage.turn();
    stage.pass(20s);
  }
  stage.pass(9s);
  EXPECT_FALSE(stage.ended());
  stage.pass(1s);
  ASSERT_TRUE(stage.left_nothing_behind());
  EXPECT_TRUE(stage.client.aborted);
  EXPECT_THAT(stage.log_line(), HasSubstr("\"status\":200," + outcome("response_body_timeout")));
}

TEST(Timeout, AnEventStreamMayBeSilentForLong) {
  ExchangeStage stage;
  stage.run();
  stage.conn(0).respond(200, testing::OwnedFields(kEventStream.views()), kChunked);
  stage.turn();
  expect_end_after(stage, 1h);
  EXPECT_THAT(stage.log_line(), HasSubstr(outcome("stream_idle")));
}

TEST(Timeout, AnUploadBesideAnEventStreamMayPauseForAsLong) {
  for (const char* type : {"text/event-stream", "application/grpc+proto"}) {
    WatchedUpload stage;
    stage.run();
    stage.conn(0).respond(200, {{"Content-Type", type}}, kChunked);
    stage.turn();
    stage.pass(59min);
    stage.client.body.add("something");
    stage.turn();
    expect_end_after(stage, 1h);
    EXPECT_THAT(stage.log_line(), HasSubstr(outcome("stream_idle"))) << type;
  }
}

TEST(Timeout, AClientsTimeToReadBeginsWhenThereIsSomethingToRead) {
  ExchangeStage stage;
  stage.run();
  stage.conn(0).respond(200, testing::OwnedFields(kEventStream.views()), kChunked);
  stage.turn();
  stage.client.answer.set_room(0);
  stage.pass(10min);  // the upstream has nothing to say
  stage.conn(0).body.add("event");
  stage.turn();
  EXPECT_FALSE(stage.ended()) << "it could not have read what did not come";
  expect_end_after(stage, 30s);
  EXPECT_THAT(stage.log_line(), HasSubstr(outcome("client_write_timeout")));
}

TEST(Timeout, AfterAFinTheAnswerMustStartSoon) {
  ExchangeStage stage;
  stage.run();
  stage.pass(10s);
  stage.client.finish();
  stage.turn();
  expect_end_after(stage, 1s);
  EXPECT_TRUE(stage.client.heads.empty());
  EXPECT_TRUE(stage.left_nothing_behind());
  EXPECT_THAT(stage.log_line(), HasSubstr("\"status\":0," + outcome("client_closed")));
}

TEST(Timeout, AfterAFinTheAnswerThatHasStartedIsDelivered) {
  ExchangeStage stage;
  stage.run();
  stage.client.finish();
  stage.pass(900ms);
  stage.conn(0).respond(200, {}, kChunked);
  stage.conn(0).body.add("a");
  stage.turn();
  stage.pass(20s);
  stage.conn(0).body.add("b");
  stage.conn(0).body.end();
  stage.turn();
  EXPECT_TRUE(stage.left_nothing_behind());
  EXPECT_EQ(stage.client.answer.received(), "ab");
  EXPECT_FALSE(stage.client.aborted);
}

TEST(Timeout, AFinCountsWhileItsUpstreamIsBeingConnectedToo) {
  ExchangeStage stage(2, [](config::Config& config) { config.timeouts.connect = Millis{10'000}; });
  stage.dialer.hold();
  stage.run();
  stage.client.finish();
  stage.turn();
  expect_end_after(stage, 1s);
  EXPECT_TRUE(stage.left_nothing_behind());
  EXPECT_THAT(stage.log_line(), HasSubstr(outcome("client_closed")));
}

// Whoever has left is found out when an event can not be delivered. With nothing to say for an hour that is too late.
TEST(Timeout, AnEventStreamThatIsSilentEndsSoonAfterAFin) {
  ExchangeStage stage;
  stage.run();
  stage.conn(0).respond(200, kEventStream, kChunked);
  stage.conn(0).body.add("event");
  stage.pass(10s);
  stage.client.finish();
  stage.pass(900ms);
  stage.conn(0).body.add("another");
  stage.turn();
  expect_end_after(stage, 1s);
  EXPECT_TRUE(stage.client.aborted) << "it must not look complete";
  EXPECT_TRUE(stage.left_nothing_behind());
  EXPECT_THAT(stage.log_line(), HasSubstr(outcome("client_closed")));
}

TEST(Timeout, AHeadThatDoesNotFitKeepsNoSlotWhileItsAnswerIsNotRead) {
  ExchangeStage stage(1, [](config::Config& config) { config.pools.front().max_in_flight = 1; });
  stage.dialer.heads_fit = false;
  stage.client.answer.set_room(0);
  stage.run();
  EXPECT_FALSE(stage.ended()) << "the client does not read";
  EXPECT_EQ(stage.client.status(), 431);
  EXPECT_EQ(stage.in_flight(), 0u);
  EXPECT_TRUE(stage.upstream(0).has_slot());
  stage.client.answer.set_room(FakeSink::kUnlimited);
  stage.turn();
  EXPECT_TRUE(stage.left_nothing_behind());
}

// The upstream that hung is named, and the wait for it is no part of the next one's connecting.
TEST(Record, NamesEachAttempt) {
  ExchangeStage stage;
  stage.run();
  stage.pass(31s);
  ASSERT_EQ(stage.dialer.connections.size(), 2u);
  stage.conn(1).respond_whole("hello");
  stage.turn();
  ASSERT_TRUE(stage.ended());
  const std::string& line = stage.log_line();
  EXPECT_THAT(line, HasSubstr("\"outcome\":\"served\",\"pool\":\"app\",\"upstream\":\"" + stage.name(1) + "\",\"tries\":2,"));
  EXPECT_THAT(line, HasSubstr("\"attempts\":[{\"upstream\":\"" + stage.name(0) +
                              "\",\"outcome\":\"response_header_timeout\",\"start_ms\":0.001,\"connect_ms\":0.001,"
                              "\"total_ms\":310"));
  EXPECT_THAT(line, HasSubstr(",{\"upstream\":\"" + stage.name(1) + "\",\"outcome\":\"served\",\"start_ms\":310"));
  EXPECT_THAT(line, HasSubstr("\"sent_bytes\":5,\"connect_ms\":0.001,\"first_byte_ms\":310"));
}

TEST(Record, SaysHowEachAttemptEnded) {
  struct {
    std::function<void(ExchangeStage&)> fails;
    std::string_view outcome;
  } const cases[] = {
      {[](auto& stage) { stage.conn(0).reset(); }, "upstream_reset"},
      {[](auto& stage) { stage.take_down(0, DownCause::Hung); }, "upstream_hung"},
      {[](auto& stage) { stage.take_down(0, DownCause::Dead); }, "upstream_dead"},
  };
  for (const auto& c : cases) {
    ExchangeStage stage;
    stage.run();
    c.fails(stage);
    stage.turn();
    ASSERT_EQ(stage.dialer.connections.size(), 2u) << c.outcome;
    stage.conn(1).respond_whole("hello");
    stage.turn();
    ASSERT_TRUE(stage.ended());
    EXPECT_THAT(stage.log_line(), HasSubstr("[{\"upstream\":\"" + stage.name(0) + "\"," + outcome(c.outcome)));
  }
}

TEST(Record, OneAttemptMakesNoList) {
  ExchangeStage stage;
  stage.run();
  stage.conn(0).respond_whole("hello");
  stage.turn();
  EXPECT_THAT(stage.log_line(), HasSubstr("\"tries\":1,\"received_bytes\""));
}

TEST(Record, SaysWhatHappened) {
  ExchangeStage stage;
  stage.client.ask("POST", "/a?b=c");
  stage.client.announce_body({BodyKind::Length, 3});
  const testing::OwnedFields fields{{"User-Agent", "curl/8"}, {"Referer", "http://r/"}};
  stage.client.head.fields = fields.views();
  stage.client.body.add("abc");
  stage.client.body.end();
  stage.run();
  stage.pass(40ms);
  const std::string id(stage.conn(0).fields["X-Request-Id"]);
  stage.conn(0).respond_whole("hello");
  stage.turn();
  const std::string& line = stage.log_line();
  for (const std::string& part :
       {std::string("\"client\":\"192.0.2.7\""), std::string("\"method\":\"POST\""),
        std::string("\"target\":\"/a?b=c\""), std::string("\"host\":\"app.example\""),
        std::string("\"status\":200"), outcome("served"), std::string("\"pool\":\"app\""),
        "\"upstream\":\"" + stage.name(0) + "\"", std::string("\"tries\":1"),
        std::string("\"received_bytes\":3"), std::string("\"sent_bytes\":5"),
        std::string("\"first_byte_ms\":56.000"), std::string("\"user_agent\":\"curl/8\""),
        std::string("\"referer\":\"http://r/\""), "\"request_id\":\"" + id + "\""})
    EXPECT_THAT(line, HasSubstr(part));
  EXPECT_EQ(id.size(), 32u);
}

TEST(Record, IsNotWrittenWhereTheRouteWantsNone) {
  ExchangeStage stage(1, [](config::Config& config) { config.routes.front().access_log = false; });
  stage.run();
  stage.conn(0).respond_whole("hello");
  stage.turn();
  stage.forget_exchange();
  stage.publish([](config::Config& config) { config.routes.front().host = "other.example"; });
  stage.run();  // this one is logged
  EXPECT_THAT(stage.log_line(), HasSubstr("no_route"));
  EXPECT_THAT(stage.log_line(), ::testing::Not(HasSubstr("served")));
  EXPECT_EQ(stage.context.served, 2u);
}

}  // namespace
}  // namespace frontdoor
