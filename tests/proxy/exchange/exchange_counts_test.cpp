// What an exchange leaves in the counters, exactly, for every way in which it may end.

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "support/exchange_stage.h"

namespace frontdoor {
namespace {

using namespace std::chrono_literals;
using http::BodyKind;
using testing::ExchangeStage;

std::string told(std::string_view what, const WordTotals& words) {
  std::string text;
  for (const WordTotal& each : words) text += " " + each.word + "=" + std::to_string(each.count);
  return text.empty() ? "" : std::string(what) + text + "; ";
}

std::string told(std::string_view what, const CodeTotals& codes) {
  std::string text;
  for (std::size_t i = 0; i < kCodeClasses; ++i)
    if (codes[i] != 0) text += " " + std::string(kCodeClassNames[i]) + "=" + std::to_string(codes[i]);
  return text.empty() ? "" : std::string(what) + text + "; ";
}

std::string told(std::string_view what, const Latency& latency) {
  return latency.count() == 0 ? "" : std::string(what) + " " + std::to_string(latency.count()) + "; ";
}

std::string told(const std::vector<RequestTotals>& requests) {
  std::string text;
  for (const RequestTotals& each : requests) text += told(each.listener + " " + std::string(each.protocol), each.by_code);
  return text;
}

// All that was counted, in one line: what is not there was not counted.
std::string counted(ExchangeStage& stage) {
  const PoolTotals pool = stage.pool().totals({"web"});
  std::string text = told(pool.requests) + told("duration", pool.duration) + told("connect", pool.connect) +
                     told("response", pool.response) + told("retries", pool.retries) + told("denied", pool.retries_denied) +
                     told("holds", pool.holds) + told("wait", pool.hold_wait) + told("own", pool.own_answers) +
                     told("unfinished", pool.unfinished);
  for (std::size_t i = 0; i < pool.upstreams.size(); ++i)
    text += told("upstream " + std::to_string(i), pool.upstreams[i].by_code);
  PoolTotals unrouted;
  stage.context.counts.unrouted.add_requests_to(unrouted.requests, {"web"});
  stage.context.counts.unrouted.own_answers.add_to(unrouted.own_answers);
  stage.context.counts.unrouted.unfinished.add_to(unrouted.unfinished);
  text += told(unrouted.requests).empty() ? "" : "unrouted: " + told(unrouted.requests);
  return text + told("own", unrouted.own_answers) + told("unfinished", unrouted.unfinished);
}

// Its request is begun; what else happens to it is up to `play`.
void expect_counted(const char* name, const std::function<void(ExchangeStage&)>& play, std::string_view expected,
                    const ExchangeStage::Adjust& adjust = {}, unsigned upstreams = 2) {
  ExchangeStage stage(upstreams, adjust);
  play(stage);
  ASSERT_TRUE(stage.ended()) << name;
  EXPECT_EQ(counted(stage), expected) << name;
  EXPECT_EQ(stage.context.counts.in_flight.get(), 1u) << name << ": for as long as the exchange is there";
  stage.forget_exchange();
  EXPECT_EQ(stage.context.counts.in_flight.get(), 0u) << name;
}

void answer(ExchangeStage& stage, std::size_t connection, std::uint16_t status = 200) {
  stage.conn(connection).respond(status);
  stage.conn(connection).body.end();
  stage.turn();
}

TEST(Counts, ServedRequestsAreCountedByClassAndProtocol) {
  const std::string_view at = "duration 1; connect 1; response 1; ";
  for (const auto& [status, name] : {std::pair{200, "2xx"}, {304, "3xx"}, {404, "4xx"}, {503, "5xx"}}) {
    const std::string expected =
        "web http/1.1 " + std::string(name) + "=1; " + std::string(at) + "upstream 0 " + name + "=1; ";
    expect_counted(name, [status = status](ExchangeStage& stage) {
      stage.run();
      answer(stage, 0, static_cast<std::uint16_t>(status));
    }, expected);
  }
  for (const auto& [version, name] : {std::pair{http::Version::Http10, "http/1.0"}, {http::Version::Http2, "h2"}}) {
    const std::string expected = "web " + std::string(name) + " 2xx=1; " + std::string(at) + "upstream 0 2xx=1; ";
    expect_counted(name, [version = version](ExchangeStage& stage) {
      stage.client.head.version = version;
      stage.run();
      answer(stage, 0);
    }, expected);
  }
}

TEST(Counts, AKeptConnectionWasNotConnectedTo) {
  expect_counted("reused", [](ExchangeStage& stage) {
    stage.dialer.add_idle(stage.name(0));
    stage.run();
    answer(stage, 0);
  }, "web http/1.1 2xx=1; duration 1; response 1; upstream 0 2xx=1; ");
}

TEST(Counts, RetriesAreToldByTheRuleAndEachUpstreamByWhatItAnswered) {
  expect_counted("refused, then served", [](ExchangeStage& stage) {
    stage.dialer.fail_next(stage.name(0), UpstreamFailure::Refused);
    stage.run();
    answer(stage, 0);
  }, "web http/1.1 2xx=1; duration 1; connect 1; response 1; retries nothing_sent=1; upstream 0 none=1; upstream 1 2xx=1; ");

  expect_counted("reset, then served", [](ExchangeStage& stage) {
    stage.run();
    stage.conn(0).reset();
    stage.turn();
    answer(stage, 1);
  }, "web http/1.1 2xx=1; duration 1; connect 2; response 1; retries reset_idempotent=1; upstream 0 none=1; upstream 1 2xx=1; ");

  expect_counted("a status of retry.on", [](ExchangeStage& stage) {
    stage.run();
    answer(stage, 0, 503);
    answer(stage, 1, 200);
  }, "web http/1.1 2xx=1; duration 1; connect 2; response 1; retries status_idempotent=1; upstream 0 5xx=1; upstream 1 2xx=1; ",
  [](config::Config& config) { config.pools.front().retry.on_status = {503}; });

  expect_counted("a stale connection, and a fresh one to the same upstream, which is one request there", [](ExchangeStage& stage) {
    stage.dialer.add_idle(stage.name(0));
    stage.run();
    stage.conn(0).reset();
    stage.turn();
    answer(stage, 1);
  }, "web http/1.1 2xx=1; duration 1; connect 1; response 1; retries stale_connection=1; upstream 0 2xx=1; ", {}, 1);
}

TEST(Counts, WhatWeAnswerOurselvesIsToldByItsOutcome) {
  expect_counted("reset, and no way to send it again", [](ExchangeStage& stage) {
    stage.client.ask("POST", "/");
    stage.run();
    stage.conn(0).reset();
    stage.turn();
  }, "web http/1.1 5xx=1; duration 1; connect 1; denied reset_not_idempotent=1; own upstream_reset=1; upstream 0 none=1; ");

  expect_counted("timed out", [](ExchangeStage& stage) {
    stage.client.ask("POST", "/");
    stage.run();
    stage.pass(31s);
  }, "web http/1.1 5xx=1; duration 1; connect 1; denied timeout_not_safe=1; own response_header_timeout=1; upstream 0 none=1; ");

  expect_counted("request_timeout", [](ExchangeStage& stage) {
    stage.run();
    stage.pass(6s);
  }, "web http/1.1 5xx=1; duration 1; connect 1; own request_timeout=1; upstream 0 none=1; ",
  [](config::Config& config) {
    config.timeouts.request = Millis{5'000};
    config.pools.front().timeouts = config.timeouts;
    config.routes.front().timeouts = config.timeouts;
  });

  expect_counted("garbage", [](ExchangeStage& stage) {
    stage.run();
    stage.conn(0).send_garbage();
    stage.turn();
  }, "web http/1.1 5xx=1; duration 1; connect 1; denied answered=1; own invalid_response=1; upstream 0 none=1; ");

  expect_counted("everyone refuses", [](ExchangeStage& stage) {
    stage.dialer.fail_next(stage.name(0), UpstreamFailure::Refused);
    stage.dialer.fail_next(stage.name(1), UpstreamFailure::Refused);
    stage.run();
  }, "web http/1.1 5xx=1; duration 1; retries nothing_sent=2; own no_upstream=1; upstream 0 none=1; upstream 1 none=1; ",
  [](config::Config& config) { config.pools.front().hold.timeout = Millis{0}; });

  expect_counted("a body that is too large", [](ExchangeStage& stage) {
    stage.client.ask("POST", "/");
    stage.client.announce_body({BodyKind::Length, 11});
    stage.run();
  }, "web http/1.1 4xx=1; duration 1; own body_too_large=1; ", [](config::Config& config) { config.routes.front().body_bytes = 10; });
}

TEST(Counts, WhatComesToNoPoolIsCountedByItself) {
  const auto only_for_others = [](config::Config& config) { config.routes.front().host = "other.example"; };
  expect_counted("no route", [](ExchangeStage& stage) { stage.run(); }, "unrouted: web http/1.1 4xx=1; own no_route=1; ", only_for_others);
  expect_counted("redirected", [](ExchangeStage& stage) {
    stage.client.info.redirect_port = 443;
    stage.run();
  }, "unrouted: web http/1.1 3xx=1; own redirected=1; ");
  expect_counted("for us", [](ExchangeStage& stage) {
    stage.client.ask("OPTIONS", "*");
    stage.run();
  }, "unrouted: web http/1.1 2xx=1; own answered=1; ");

  ExchangeStage stage;
  count_refusal(stage.context, stage.client.info, http::Version::Http10, 400, "bad_request");
  EXPECT_EQ(counted(stage), "unrouted: web http/1.0 4xx=1; own bad_request=1; ") << "no head of a request";
}

TEST(Counts, HeldRequestsAreToldByWhatEndedTheirWait) {
  const auto down = [](ExchangeStage& stage) {
    stage.take_down(0);
    stage.run();
    stage.pass(2s);
  };
  expect_counted("released", [&](ExchangeStage& stage) {
    down(stage);
    EXPECT_EQ(stage.pool().totals({}).held_now, 1u);
    stage.bring_up(0);
    stage.turn();
    answer(stage, 0);
  }, "web http/1.1 2xx=1; duration 1; connect 1; response 1; holds released=1; wait 1; upstream 0 2xx=1; ", {}, 1);

  expect_counted("hold_timeout", [&](ExchangeStage& stage) {
    down(stage);
    stage.pass(9s);
  }, "web http/1.1 5xx=1; duration 1; holds hold_timeout=1; wait 1; own hold_timeout=1; ", {}, 1);

  expect_counted("its client left", [&](ExchangeStage& stage) {
    down(stage);
    stage.client.leave();
    stage.turn();
  }, "web http/1.1 none=1; duration 1; holds client_closed=1; wait 1; unfinished client_closed=1; ", {}, 1);

  expect_counted("twice", [&](ExchangeStage& stage) {
    down(stage);
    stage.dialer.fail_next(stage.name(0), UpstreamFailure::Refused);
    stage.bring_up(0);
    stage.turn();
    stage.pass(1s);
    stage.bring_up(0);
    stage.turn();
    answer(stage, 0);
  }, "web http/1.1 2xx=1; duration 1; connect 1; response 1; retries nothing_sent=1; holds released=2; wait 2; upstream 0 none=1 2xx=1; ",
  {}, 1);

  expect_counted("no place to wait", [&](ExchangeStage& stage) {
    stage.take_down(0);
    stage.run();
  }, "web http/1.1 5xx=1; duration 1; own hold_full=1; ", [](config::Config& config) { config.pools.front().hold.max_requests = 0; }, 1);

  expect_counted("a reload sends it elsewhere", [&](ExchangeStage& stage) {
    down(stage);
    stage.publish([](config::Config& config) { config.routes.front().host = "other.example"; });
    stage.turn();
  }, "holds no_route=1; wait 1; unrouted: web http/1.1 4xx=1; own no_route=1; ", {}, 1);
}

TEST(Counts, WhatWasBegunAndNotFinishedIsToldByItsOutcome) {
  expect_counted("the client left before the answer", [](ExchangeStage& stage) {
    stage.run();
    stage.client.leave();
    stage.turn();
  }, "web http/1.1 none=1; duration 1; connect 1; unfinished client_closed=1; upstream 0 none=1; ");

  expect_counted("the answer broke off", [](ExchangeStage& stage) {
    stage.run();
    stage.conn(0).respond(200, {}, {BodyKind::Length, 10});
    stage.turn();
    stage.conn(0).body.fail();
    stage.turn();
  }, "web http/1.1 2xx=1; duration 1; connect 1; response 1; unfinished response_truncated=1; upstream 0 2xx=1; ");

  expect_counted("the client does not read", [](ExchangeStage& stage) {
    stage.client.answer.set_room(0);
    stage.run();
    stage.conn(0).respond_whole("hello");
    stage.turn();
    stage.pass(31s);
  }, "web http/1.1 2xx=1; duration 1; connect 1; response 1; unfinished client_write_timeout=1; upstream 0 2xx=1; ");
}

TEST(Counts, StreamsAndTunnelsHaveNoDuration) {
  expect_counted("an event stream", [](ExchangeStage& stage) {
    stage.run();
    stage.conn(0).respond(200, {{"Content-Type", "text/event-stream"}}, {BodyKind::Chunked});
    stage.turn();
    EXPECT_EQ(counted(stage), "connect 1; response 1; upstream 0 2xx=1; ") << "it is answered, and has not ended";
    stage.conn(0).body.end();
    stage.turn();
  }, "web http/1.1 2xx=1; connect 1; response 1; upstream 0 2xx=1; ");

  expect_counted("a tunnel, which keeps no snapshot", [](ExchangeStage& stage) {
    static const testing::OwnedFields offer{{"Connection", "Upgrade"}, {"Upgrade", "tcp"}};
    stage.client.ask("GET", "/chat");
    stage.client.head.fields = offer.views();
    stage.client.head.upgrade = stage.client.head.has_connection_options = true;
    stage.run();
    stage.conn(0).switch_to("tcp");
    stage.turn();
    stage.publish({});
    stage.client.body.end();
    stage.conn(0).body.end();
    stage.turn();
  }, "web http/1.1 1xx=1; connect 1; response 1; upstream 0 1xx=1; ");
}

}  // namespace
}  // namespace frontdoor
