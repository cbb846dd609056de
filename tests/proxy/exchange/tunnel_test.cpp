// What a tunnel decides where sockets would hide it: between fake streams, on a clock that the test moves.

#include "proxy/exchange/tunnel.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop/transport.h"
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

// A connection of its own, whose other end is the test's.
struct Line {
  explicit Line(EventLoop& loop) : transport(loop) {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    EXPECT_TRUE(transport.adopt(ends[0]));
    peer = ends[1];
  }
  ~Line() { ::close(peer); }
  void event() { EXPECT_EQ(::write(peer, "x", 1), 1); }

  Transport transport;
  int peer = -1;
};

struct Arrived final : RawSource {
  Peeked peek() override { return {}; }
  void consume(std::size_t) override {}
  const http::Fields& trailers() const override { return none; }
  bool ready() const override { return false; }
  std::string_view raw_bytes() override { return bytes; }
  bool raw_consume(std::size_t count) override { return bytes.erase(0, count).empty(); }

  std::string bytes;
  http::Fields none;
};

// As TLS: it takes what it is given, whether the kernel does or not.
struct Sealing final : TlsLayer {
  IoResult read(char*, std::size_t) override { return {}; }
  IoResult write(const iovec* parts, std::size_t) override {
    taken.append(static_cast<const char*>(parts->iov_base), parts->iov_len);
    return {IoStatus::Ok, parts->iov_len, 0};
  }
  IoStatus flush() override { return jammed ? IoStatus::WouldBlock : IoStatus::Ok; }
  std::size_t owed() const override { return jammed ? taken.size() : 0; }
  bool input_waits() override { return false; }
  void finish_writing() override {}
  bool finished() const override { return false; }
  const char* failure() const override { return ""; }
  void send_ahead(std::string_view) override {}

  std::string taken;
  bool jammed = false;
};

TEST(TunnelBetweenFakes, WhatIsSealedAndNotYetSentIsLeftToTheCoroutine) {
  UpgradeStage stage;
  Line client(stage.loop), upstream(stage.loop);
  Arrived from_client, from_upstream;
  auto layer = std::make_unique<Sealing>();
  Sealing& sealing = *layer;
  client.transport.encrypt(std::move(layer));
  stage.client.raw_connection = {&client.transport, &from_client};
  stage.run();
  stage.conn(0).raw_connection = {&upstream.transport, &from_upstream};
  stage.conn(0).switch_to("tcp");
  stage.turn();
  ASSERT_EQ(stage.client.status(), 101);
  stage.turn();
  const std::size_t pushes = stage.client.answer.pushes();

  from_upstream.bytes = "one ";
  upstream.event();
  stage.turn();
  EXPECT_EQ(sealing.taken, "one ");
  EXPECT_EQ(stage.client.answer.pushes(), pushes) << "all of it is on its way";
  sealing.jammed = true;
  from_upstream.bytes = "two";
  upstream.event();
  stage.turn();
  EXPECT_EQ(sealing.taken, "one two");
  EXPECT_GT(stage.client.answer.pushes(), pushes) << "nothing else would ever send it";
  stage.client.leave();
  stage.turn();
}

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
