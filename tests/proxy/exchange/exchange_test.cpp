// The spine without sockets and without HTTP/1: what is served, what is tried again, and both directions at
// once.

#include "proxy/exchange/exchange.h"

#include <gtest/gtest.h>

#include <string>

#include "support/exchange_stage.h"

namespace frontdoor {
namespace {

using http::BodyKind;
using testing::ExchangeStage;
using testing::FakeSink;
using testing::kChunked;

void without_hold(config::Config& config) { config.pools.front().hold.timeout = Millis{0}; }

TEST(Exchange, ServesAGet) {
  ExchangeStage stage;
  stage.client.ask("GET", "/a?b=c");
  stage.run();
  ASSERT_EQ(stage.dialer.connections.size(), 1u);
  auto& upstream = stage.conn(0);
  EXPECT_EQ(upstream.method, "GET");
  EXPECT_EQ(upstream.target, "/a?b=c");
  EXPECT_EQ(upstream.authority, "app.example");
  EXPECT_EQ(upstream.fields["X-Forwarded-For"], "192.0.2.7");
  EXPECT_TRUE(upstream.request.ended());
  EXPECT_EQ(stage.in_flight(), 1u);
  EXPECT_FALSE(stage.ended());

  upstream.respond_whole("hello");
  stage.turn();
  ASSERT_TRUE(stage.left_nothing_behind());
  EXPECT_EQ(stage.client.status(), 200);
  EXPECT_EQ(stage.client.heads.back().fields["Content-Type"], "text/plain");
  EXPECT_NE(stage.client.heads.back().fields["Date"], "") << "added where the upstream sent none";
  EXPECT_EQ(stage.client.answer.received(), "hello");
  EXPECT_TRUE(stage.client.answer.ended());
  EXPECT_TRUE(upstream.given_back);
  EXPECT_FALSE(stage.client.aborted);
}

TEST(Exchange, SleepsUntilTheAnswerComesInPieces) {
  ExchangeStage stage;
  stage.run();
  stage.conn(0).respond(200, {}, kChunked);
  stage.turn();
  EXPECT_EQ(stage.client.status(), 200) << "the head is passed on at once";
  for (const char* piece : {"a", "b", "c"}) {
    stage.conn(0).body.add(piece);
    stage.turn();
  }
  EXPECT_EQ(stage.client.answer.received(), "abc");
  EXPECT_FALSE(stage.ended());
  stage.conn(0).body.end();
  stage.turn();
  EXPECT_TRUE(stage.left_nothing_behind());
}

TEST(Exchange, AHeadAnswerKeepsItsLength) {
  ExchangeStage stage;
  stage.client.ask("HEAD", "/");
  stage.run();
  stage.conn(0).body.end();
  stage.conn(0).respond(200, {{"Content-Length", "5"}});
  stage.turn();
  ASSERT_TRUE(stage.ended());
  EXPECT_EQ(stage.client.heads.back().declared_length, "5");
  EXPECT_TRUE(stage.client.answer.ended());
}

// ---- Our own answers

TEST(Exchange, NoRouteIs404) {
  ExchangeStage stage(1, [](config::Config& config) { config.routes.front().host = "other.example"; });
  stage.run();
  ASSERT_TRUE(stage.ended());
  EXPECT_EQ(stage.client.status(), 404);
  EXPECT_EQ(stage.dialer.dials, 0);
  EXPECT_THAT(stage.client.answer.received(), ::testing::HasSubstr("no_route"));
}

TEST(Exchange, APathThatClimbsAboveTheRootIs400) {
  ExchangeStage stage;
  stage.client.ask("GET", "/a/../../b");
  stage.run();
  EXPECT_EQ(stage.client.status(), 400);
  EXPECT_EQ(stage.dialer.dials, 0);
}

TEST(Exchange, NoUpstreamIs503WithRetryAfter) {
  ExchangeStage stage(2, without_hold);
  for (int i : {0, 1}) stage.upstream(i).change(stage.upstream(i).seen(), UpstreamState::Down, "test", stage.time.now());
  stage.run();
  ASSERT_TRUE(stage.ended());
  EXPECT_EQ(stage.client.status(), 503);
  EXPECT_NE(stage.client.heads.back().fields["Retry-After"], "");
  EXPECT_TRUE(stage.client.heads.back().request_abandoned);
  EXPECT_THAT(stage.client.answer.received(), ::testing::HasSubstr("no_upstream"));
}

TEST(Exchange, ARefusalToHeadHasNoBody) {
  ExchangeStage stage(1, [](config::Config& config) { config.routes.front().host = "other.example"; });
  stage.client.ask("HEAD", "/");
  stage.run();
  EXPECT_EQ(stage.client.status(), 404);
  EXPECT_EQ(stage.client.answer.received(), "");
  EXPECT_NE(stage.client.heads.back().declared_length, "");
}

// ---- Trying again

TEST(Exchange, ARefusedUpstreamIsReportedOnceAndTheNextOneServes) {
  for (const char* method : {"GET", "POST"}) {
    ExchangeStage stage;
    stage.client.ask(method, "/");
    stage.dialer.fail_next(stage.name(0), UpstreamFailure::Refused);
    stage.run();
    EXPECT_THAT(stage.refused, ::testing::ElementsAre(stage.name(0)));
    EXPECT_FALSE(stage.upstream(0).available());
    EXPECT_EQ(stage.upstream(0).in_flight(), 0u);
    ASSERT_EQ(stage.dialer.connections.size(), 1u);
    EXPECT_EQ(stage.conn(0).name, stage.name(1));
    stage.conn(0).respond_whole("hello");
    stage.turn();
    EXPECT_EQ(stage.client.answer.received(), "hello");
    EXPECT_TRUE(stage.left_nothing_behind());
    EXPECT_THAT(stage.log_line(), ::testing::HasSubstr("\"tries\":2,\"retry\":\"nothing_sent\""));
  }
}

TEST(Exchange, OurOwnLackOfResourcesEvictsNobody) {
  for (const auto failure :
       {UpstreamFailure::LocalResources, UpstreamFailure::Unreachable, UpstreamFailure::ConnectTimeout}) {
    ExchangeStage stage(1);
    stage.dialer.fail_next(stage.name(0), failure, 100);
    stage.run();
    ASSERT_TRUE(stage.left_nothing_behind());
    EXPECT_TRUE(stage.refused.empty());
    EXPECT_EQ(stage.silent.size(), failure == UpstreamFailure::LocalResources ? 0u : 3u) << "worth a look, no more";
    EXPECT_TRUE(stage.upstream(0).available());
    EXPECT_EQ(stage.dialer.dials, 3) << "one try and two more";
    EXPECT_GE(stage.client.status(), 502);
  }
}

TEST(Exchange, WhenEveryoneRefusesTheLogNamesTheLastOne) {
  ExchangeStage stage(2, without_hold);
  for (int i : {0, 1}) stage.dialer.fail_next(stage.name(i), UpstreamFailure::Refused);
  stage.run();
  EXPECT_EQ(stage.client.status(), 503);
  EXPECT_EQ(stage.refused.size(), 2u);
  EXPECT_THAT(stage.log_line(), ::testing::HasSubstr("\"outcome\":\"no_upstream\""));
  EXPECT_THAT(stage.log_line(),
              ::testing::HasSubstr("\"upstream\":\"" + stage.name(1) + "\",\"tries\":2"));
}

TEST(Exchange, AStaleConnectionIsReplaced) {
  ExchangeStage stage(1);
  const auto stale = stage.dialer.add_idle(stage.name(0));
  stage.run();
  EXPECT_THAT(stage.dialer.verified, ::testing::ElementsAre(Dialer::Verify::No));
  stage.dialer.add_idle(stage.name(0));  // may be stale as well
  stale->reset();
  stage.turn();
  ASSERT_EQ(stage.dialer.connections.size(), 2u);
  EXPECT_FALSE(stale->open);
  EXPECT_FALSE(stage.conn(1).reused) << "a fresh one, although another idle one was there";
  EXPECT_EQ(stage.conn(1).name, stage.name(0));
  EXPECT_EQ(stage.in_flight(), 1u);
  stage.conn(1).respond_whole("hello");
  stage.turn();
  EXPECT_EQ(stage.client.answer.received(), "hello");
  EXPECT_THAT(stage.log_line(), ::testing::HasSubstr("\"tries\":1,\"retry\":\"stale_connection\""));
}

// Whatever kills or fails it, a request is sent 1 + attempts times and not more.
TEST(Exchange, IsNotSentMoreOftenThanAttemptsSay) {
  enum class Fate { Reset, Evicted, Stale, Silent };
  for (std::uint32_t attempts = 0; attempts <= 2; ++attempts) {
    for (const Fate fate : {Fate::Reset, Fate::Evicted, Fate::Stale, Fate::Silent}) {
      SCOPED_TRACE(std::to_string(attempts) + " attempts, fate " + std::to_string(static_cast<int>(fate)));
      ExchangeStage stage(9, [&](config::Config& config) { config.pools.front().retry.attempts = attempts; });
      if (fate == Fate::Stale)
        for (std::size_t i = 0; i < 9; ++i) stage.dialer.add_idle(stage.name(i));
      stage.run();
      for (std::size_t n = 0; !stage.ended() && n < 20; ++n) {
        std::size_t on = 0;
        while (stage.name(on) != stage.dialer.last().name) ++on;
        switch (fate) {
          case Fate::Reset:
          case Fate::Stale: stage.dialer.last().reset(); break;
          // Where a request is not taken back it meets the end of its connection.
          case Fate::Evicted: stage.take_down(on), stage.turn(), stage.dialer.last().reset(); break;
          case Fate::Silent: stage.pass(std::chrono::seconds(30)); break;
        }
        stage.turn();
        for (int i = 0; i < 10; ++i) stage.pass(Millis{100});
      }
      ASSERT_TRUE(stage.left_nothing_behind());
      std::size_t sent = 0;
      for (const auto& connection : stage.dialer.connections) sent += connection->sent;
      EXPECT_EQ(sent, 1 + attempts);
      EXPECT_EQ(stage.client.status(), fate == Fate::Silent ? 504 : 502);
      EXPECT_THAT(stage.log_line(), ::testing::HasSubstr("\"retry\":\"attempts_used_up\""));
    }
  }
}

TEST(Exchange, RefusalsAreFreeWhateverAttemptsSay) {
  ExchangeStage stage(4, [](config::Config& config) { config.pools.front().retry.attempts = 0; });
  stage.client.ask("POST", "/");
  for (std::size_t i = 0; i < 3; ++i) stage.dialer.fail_next(stage.name(i), UpstreamFailure::Refused);
  stage.run();
  ASSERT_EQ(stage.dialer.connections.size(), 1u);
  stage.conn(0).respond_whole("hello");
  stage.turn();
  EXPECT_EQ(stage.client.answer.received(), "hello");
}

TEST(Exchange, WithOneTryOnlyAnIdleConnectionIsLookedAtFirst) {
  ExchangeStage stage(2, [](config::Config& config) { config.pools.front().retry.attempts = 0; });
  stage.dialer.add_idle(stage.name(0));
  stage.run();
  EXPECT_THAT(stage.dialer.verified, ::testing::ElementsAre(Dialer::Verify::Yes));
}

TEST(Exchange, ASecondTryLooksAtAnIdleConnectionFirst) {
  ExchangeStage stage(2);
  stage.dialer.add_idle(stage.name(1));
  stage.run();
  stage.conn(0).reset();
  stage.turn();
  EXPECT_THAT(stage.dialer.verified, ::testing::ElementsAre(Dialer::Verify::Yes)) << "it may have died as well";
  stage.conn(1).respond_whole("hello");
  stage.turn();
}

TEST(Exchange, AStaleConnectionIsNoReasonToStayWhereThereIsAnother) {
  ExchangeStage stage(2);
  const auto stale = stage.dialer.add_idle(stage.name(0));
  stage.dialer.add_idle(stage.name(1));  // may be stale as well
  stage.run();
  stale->reset();
  stage.turn();
  ASSERT_EQ(stage.dialer.connections.size(), 2u);
  EXPECT_FALSE(stage.conn(1).reused);
  EXPECT_EQ(stage.conn(1).name, stage.name(1));
  stage.conn(1).respond_whole("hello");
  stage.turn();
  EXPECT_THAT(stage.log_line(), ::testing::HasSubstr("\"tries\":2,\"retry\":\"stale_connection\""));
}

TEST(Exchange, APostOnAStaleConnectionIsNotSentTwice) {
  ExchangeStage stage;
  stage.client.ask("POST", "/");
  const auto stale = stage.dialer.add_idle(stage.name(0));
  stage.run();
  EXPECT_THAT(stage.dialer.verified, ::testing::ElementsAre(Dialer::Verify::Yes));
  stale->reset();
  stage.turn();
  ASSERT_TRUE(stage.left_nothing_behind());
  EXPECT_EQ(stage.dialer.dials, 0);
  EXPECT_EQ(stage.client.status(), 502);
}

TEST(Exchange, APostGoesToAFreshConnectionIfTheStaleOneTookNothing) {
  ExchangeStage stage;
  stage.client.ask("POST", "/");
  const auto stale = stage.dialer.add_idle(stage.name(0));
  stale->request.fail();
  stage.run();
  stale->reset();
  stage.turn();
  ASSERT_EQ(stage.dialer.connections.size(), 2u);
  stage.conn(1).respond_whole("hello");
  stage.turn();
  EXPECT_EQ(stage.client.answer.received(), "hello");
}

// HTTP/2: a GOAWAY crosses the request, or the stream is refused.
TEST(Exchange, APostThatWasNotBegunWithIsSentAgainWhole) {
  ExchangeStage stage(1);
  stage.dialer.tells_unprocessed = true;
  stage.client.ask("POST", "/");
  stage.client.announce_body({BodyKind::Length, 6});
  stage.client.body.add("abc");
  const auto going = stage.dialer.add_idle(stage.name(0));
  stage.run();
  EXPECT_EQ(going->request.received(), "abc");
  going->refuse();
  stage.turn();
  ASSERT_EQ(stage.dialer.connections.size(), 2u);
  EXPECT_FALSE(stage.conn(1).reused);
  stage.client.body.add("def");
  stage.client.body.end();
  stage.turn();
  EXPECT_EQ(stage.conn(1).request.received(), "abcdef");
  stage.conn(1).respond_whole("hello");
  stage.turn();
  EXPECT_EQ(stage.client.answer.received(), "hello");
  EXPECT_THAT(stage.log_line(), ::testing::HasSubstr("\"retry\":\"never_processed\""));
}

TEST(Exchange, AnUpstreamThatRefusesEveryStreamEndsTheTries) {
  ExchangeStage stage(1);
  stage.client.ask("POST", "/");
  stage.run();
  for (int i = 0; i < 10 && !stage.ended(); ++i) stage.dialer.last().refuse(), stage.turn();
  ASSERT_TRUE(stage.left_nothing_behind());
  EXPECT_EQ(stage.dialer.connections.size(), 1 + stage.pool().retry.attempts);
  EXPECT_EQ(stage.client.status(), 502);
  EXPECT_THAT(stage.log_line(), ::testing::HasSubstr("\"retry\":\"attempts_used_up\""));
  EXPECT_THAT(stage.log_line(), ::testing::HasSubstr("not_processed"));
}

TEST(Exchange, AResetReplaysTheBodyOfAPutElsewhere) {
  ExchangeStage stage;
  stage.client.ask("PUT", "/");
  stage.client.announce_body({BodyKind::Length, 6});
  stage.client.body.add("abc");
  stage.run();
  EXPECT_EQ(stage.conn(0).request.received(), "abc");
  stage.conn(0).reset();
  stage.turn();
  ASSERT_EQ(stage.dialer.connections.size(), 2u);
  EXPECT_EQ(stage.conn(1).name, stage.name(1));
  stage.client.body.add("def");
  stage.client.body.end();
  stage.turn();
  EXPECT_EQ(stage.conn(1).request.received(), "abcdef");
  stage.conn(1).respond_whole("ok");
  stage.turn();
  EXPECT_EQ(stage.client.status(), 200);
  EXPECT_TRUE(stage.left_nothing_behind());
}

TEST(Exchange, ABodyTooLongToKeepIsNotReplayed) {
  ExchangeStage stage(2, [](config::Config& config) { config.pools.front().retry.body_bytes = 2; });
  stage.client.ask("PUT", "/");
  stage.client.announce_body(kChunked);
  stage.client.body.add("abc");
  stage.run();
  stage.conn(0).reset();
  stage.turn();
  EXPECT_EQ(stage.client.status(), 502);
  EXPECT_THAT(stage.log_line(), ::testing::HasSubstr("\"retry\":\"body_not_kept\""));
}

TEST(Exchange, GarbageIs502AndNotTriedAgain) {
  ExchangeStage stage;
  stage.run();
  stage.conn(0).send_garbage();
  stage.turn();
  ASSERT_TRUE(stage.left_nothing_behind());
  EXPECT_EQ(stage.client.status(), 502);
  EXPECT_EQ(stage.dialer.dials, 1);
}

TEST(Exchange, AReloadKeepsWhatTheExchangeStartedWith) {
  ExchangeStage stage(1);
  const auto old = stage.weak_upstream(0);
  stage.run();
  stage.publish([](config::Config& config) {
    config.pools.front().upstreams.front().address.port = 99;
    config.routes.front().host = "other.example";
  });
  ASSERT_FALSE(old.expired());
  EXPECT_EQ(old.lock()->in_flight(), 1u);
  stage.conn(0).respond_whole("hello");
  stage.turn();
  EXPECT_EQ(stage.client.answer.received(), "hello");
  EXPECT_EQ(old.lock()->in_flight(), 0u);
  stage.forget_exchange();
  EXPECT_TRUE(old.expired()) << "the last request of the old snapshot lets it go";
}

}  // namespace
}  // namespace frontdoor
