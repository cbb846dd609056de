// What a tunnel decides where sockets would hide it: between fake streams, on a clock that the test moves.

#include "proxy/exchange/tunnel.h"

#include <gtest/gtest.h>

#include "proxy/exchange/likeness.h"
#include "support/exchange_stage.h"

namespace frontdoor {
namespace {

using testing::ExchangeStage;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

const testing::OwnedFields kOffer{{"Connection", "Upgrade"}, {"Upgrade", "websocket, tcp"}};

struct UpgradeStage : ExchangeStage {
  UpgradeStage() : ExchangeStage(1) {
    client.head.fields = kOffer.views();
    client.head.upgrade = true;
    client.head.has_connection_options = true;
  }
  void open(const char* protocol = "tcp") {
    run();
    conn(0).switch_to(protocol);
    turn();
    ASSERT_EQ(client.status(), 101);
  }
};

TEST(TunnelBetweenFakes, TheOfferIsMadeToTheUpstreamAndTheAnswerGiven) {
  UpgradeStage stage;
  stage.open("websocket");
  EXPECT_EQ(stage.conn(0).fields["Upgrade"], "websocket, tcp");
  EXPECT_EQ(stage.client.heads.back().fields["Upgrade"], "websocket");
  EXPECT_TRUE(stage.client.switched);
}

// The head is gone by the time the tunnel stands, and what is noted under it must go all the same.
TEST(TunnelBetweenFakes, A101IsAnAnswerToContainment) {
  UpgradeStage stage;
  Containment& deaths = stage.pool().memory->deaths;
  deaths.died(likeness_of({"GET", "/", "", ""}), 1, stage.time.now());
  ASSERT_TRUE(deaths.watching());
  stage.open();
  EXPECT_FALSE(deaths.watching());
}

TEST(TunnelBetweenFakes, A101ThatDoesNotFitIs502) {
  UpgradeStage stage;
  stage.client.heads_to_refuse = 1;
  stage.run();
  stage.conn(0).switch_to("tcp");
  stage.turn();
  EXPECT_TRUE(stage.left_nothing_behind());
  EXPECT_EQ(stage.client.status(), 502);
  EXPECT_THAT(stage.log_line(), HasSubstr("\"status\":502,\"outcome\":\"invalid_response\""));
}

TEST(TunnelBetweenFakes, MuchInBothDirectionsIsMovedTurnByTurn) {
  UpgradeStage stage;
  stage.open();
  const std::string much(100'000, 'x');
  stage.client.answer.set_room(much.size() / 2);
  stage.conn(0).request.set_room(much.size() / 2);
  stage.client.body.add(much);
  stage.conn(0).body.add(much);
  stage.turn();
  EXPECT_EQ(stage.client.answer.received().size(), much.size() / 2);
  EXPECT_EQ(stage.conn(0).request.received().size(), much.size() / 2);
  EXPECT_EQ(stage.client.body.unread(), much.size() / 2) << "what is not taken is not read";
  stage.client.answer.set_room(testing::FakeSink::kUnlimited);
  stage.turn();
  EXPECT_EQ(stage.client.answer.received().size(), much.size());
  EXPECT_EQ(stage.conn(0).request.received().size(), much.size() / 2) << "each at its own pace";
  stage.conn(0).request.set_room(testing::FakeSink::kUnlimited);
  stage.turn();
  EXPECT_EQ(stage.conn(0).request.received().size(), much.size());
}

TEST(TunnelBetweenFakes, AWakeUpTriesOnlyTheDirectionThatSomethingHasHappenedTo) {
  UpgradeStage stage;
  stage.open("websocket");
  const auto& to_client = stage.conn(0).body;
  const auto& to_upstream = stage.client.body;
  const std::size_t client_tried = to_upstream.peeks();
  std::size_t upstream_tried = to_client.peeks();
  const std::size_t pushed_to_client = stage.client.answer.pushes();
  stage.client.body.add("question");
  stage.turn();
  EXPECT_EQ(stage.conn(0).request.received(), "question");
  EXPECT_EQ(to_client.peeks(), upstream_tried);
  EXPECT_EQ(stage.client.answer.pushes(), pushed_to_client);
  EXPECT_GT(to_upstream.peeks(), client_tried);

  const std::size_t client_tried_since = to_upstream.peeks();
  stage.conn(0).body.add("answer");
  stage.turn();
  EXPECT_EQ(stage.client.answer.received(), "answer");
  EXPECT_EQ(to_upstream.peeks(), client_tried_since);

  // Room is something too: for the direction that waits for it.
  stage.client.answer.set_room(0);
  stage.conn(0).body.add("more");
  stage.turn();
  upstream_tried = to_client.peeks();
  stage.client.answer.set_room(testing::FakeSink::kUnlimited);
  stage.turn();
  EXPECT_EQ(stage.client.answer.received(), "answermore");
  EXPECT_GT(to_client.peeks(), upstream_tried);
  EXPECT_EQ(to_upstream.peeks(), client_tried_since);
}

TEST(TunnelBetweenFakes, TheLastWordsOfAGoneClientAreNotWaitedForAsLongAsSilence) {
  UpgradeStage stage;
  stage.open();
  stage.conn(0).request.set_room(0);
  stage.client.body.add("last words");
  stage.client.leave();
  stage.turn();
  EXPECT_FALSE(stage.ended());
  stage.pass(31s);
  EXPECT_TRUE(stage.left_nothing_behind());
  EXPECT_THAT(stage.log_line(), HasSubstr("\"outcome\":\"client_closed\""));
}

TEST(TunnelBetweenFakes, AnUpstreamThatTakesNothingMoreMayStillSpeak) {
  UpgradeStage stage;
  stage.open();
  stage.conn(0).request.fail();
  stage.client.body.add("nobody reads this");
  stage.turn();
  EXPECT_FALSE(stage.ended());
  stage.conn(0).body.add("last words");
  stage.conn(0).body.end();
  stage.turn();
  EXPECT_EQ(stage.client.answer.received(), "last words");
  EXPECT_TRUE(stage.client.answer.ended());
  EXPECT_TRUE(stage.left_nothing_behind());
  EXPECT_FALSE(stage.client.aborted);
  EXPECT_THAT(stage.log_line(), HasSubstr("\"outcome\":\"served\""));
}

TEST(TunnelBetweenFakes, AClientThatTakesNothingMoreHasItsLastBytesDelivered) {
  UpgradeStage stage;
  stage.open();
  stage.client.answer.fail();
  stage.conn(0).request.set_room(0);
  stage.client.body.add("last words");
  stage.client.body.end();
  stage.conn(0).body.add("nobody reads this");
  stage.turn();
  EXPECT_FALSE(stage.ended());
  stage.conn(0).request.set_room(100);
  stage.turn();
  EXPECT_EQ(stage.conn(0).request.received(), "last words");
  EXPECT_TRUE(stage.left_nothing_behind());
  EXPECT_THAT(stage.log_line(), HasSubstr("\"outcome\":\"client_closed\""));
}

TEST(TunnelBetweenFakes, AnUpstreamThatDoesNotReadIsLimitedBySilence) {
  UpgradeStage stage;
  stage.open();
  stage.conn(0).request.set_room(0);
  stage.client.body.add("waiting");
  stage.turn();
  stage.pass(59min);
  EXPECT_FALSE(stage.ended());
  stage.pass(2min);
  EXPECT_TRUE(stage.left_nothing_behind());
  EXPECT_TRUE(stage.client.aborted);
  EXPECT_TRUE(stage.conn(0).aborted) << "neither side may take that for an end";
  EXPECT_THAT(stage.log_line(), HasSubstr("\"outcome\":\"stream_idle\""));
}

TEST(TunnelBetweenFakes, TheUpstreamOutlivesItsRemovalFromTheConfig) {
  UpgradeStage stage;
  stage.open();
  const std::weak_ptr<Upstream> upstream = stage.weak_upstream(0);
  stage.publish([](config::Config& config) { config.pools.front().upstreams.front().address.port = 99; });
  stage.turn();
  ASSERT_FALSE(upstream.expired());
  EXPECT_EQ(upstream.lock()->in_flight(), 1u) << "a tunnel is in flight until it ends";
  stage.client.body.end();
  stage.conn(0).body.end();
  stage.turn();
  EXPECT_TRUE(stage.ended());
  EXPECT_THAT(stage.log_line(), HasSubstr("\"upstream\":\"127.0.0.1:1\""));
  stage.forget_exchange();
  EXPECT_TRUE(upstream.expired());
}

}  // namespace
}  // namespace frontdoor
