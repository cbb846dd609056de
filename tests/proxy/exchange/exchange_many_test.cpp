// Many exchanges at once on what one worker lends to all of them, as the streams of one HTTP/2 connection: none sees
// anything of another's, wherever each of them stands.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "proxy/exchange/exchange.h"
#include "support/exchange_stage.h"

namespace frontdoor {
namespace {

using http::BodyKind;
using testing::ExchangeStage;
using testing::FakeClientStream;

struct One {
  explicit One(ExchangeStage& stage) : waker(stage.loop), client(waker) {}

  void ask(const std::string& for_target) {
    target = for_target;
    client.ask("POST", target);
    client.announce_body({BodyKind::Chunked});
  }

  Detached serve(ExchangeContext& context) {
    exchange = std::make_unique<Exchange>(context, client, waker, context.loop.now());
    co_await exchange->run();
    ended = true;
  }

  Waker waker;
  std::string target;  // that the client's head refers to
  FakeClientStream client;
  std::unique_ptr<Exchange> exchange;
  bool ended = false;
};

// By the path that it was asked for: requests come to the upstreams in turn.
testing::FakeUpstream& asked_for(ExchangeStage& stage, const std::string& target) {
  for (const auto& connection : stage.dialer.connections)
    if (connection->target == target) return *connection;
  throw std::runtime_error(target + " has reached no upstream");
}

TEST(ManyExchanges, AreServedWithoutSeeingEachOther) {
  constexpr int kMany = 100;
  ExchangeStage stage;
  std::vector<std::unique_ptr<One>> all;
  const auto path = [](int i) { return "/" + std::to_string(i); };
  for (int i = 0; i < kMany; ++i) {
    One& one = *all.emplace_back(std::make_unique<One>(stage));
    one.ask(path(i));
    one.serve(stage.context);
  }
  stage.turn();
  ASSERT_EQ(stage.dialer.connections.size(), std::size_t{kMany});
  EXPECT_EQ(stage.in_flight(), std::uint64_t{kMany});

  // Bodies in pieces, heads before their ends, each a step apart from its neighbours.
  for (int i = 0; i < kMany; ++i) all[static_cast<std::size_t>(i)]->client.body.add("body of " + std::to_string(i));
  stage.turn();
  for (int i = 0; i < kMany; ++i) {
    const std::string number = std::to_string(i);
    asked_for(stage, path(i)).respond(200, {{"X-Number", number.c_str()}}, {BodyKind::Chunked});
    asked_for(stage, path(i)).body.add("answer");
    if (i % 3 == 0) stage.turn();
  }
  stage.turn();
  for (int i = kMany - 1; i >= 0; --i) {
    all[static_cast<std::size_t>(i)]->client.body.end();
    asked_for(stage, path(i)).body.add(" to " + std::to_string(i));
    asked_for(stage, path(i)).body.end();
    if (i % 2 == 0) stage.turn();
  }
  stage.turn();
  for (int i = 0; i < kMany; ++i) {
    const One& one = *all[static_cast<std::size_t>(i)];
    EXPECT_TRUE(one.ended) << i;
    EXPECT_EQ(one.client.heads.back().fields["X-Number"], std::to_string(i));
    EXPECT_EQ(one.client.answer.received(), "answer to " + std::to_string(i));
    EXPECT_EQ(asked_for(stage, path(i)).request.received(), "body of " + std::to_string(i));
  }
  EXPECT_EQ(stage.in_flight(), 0u);
}

TEST(ManyExchanges, WhatHappensToOneIsNothingToTheOthers) {
  ExchangeStage stage(1);
  std::vector<std::unique_ptr<One>> all;
  for (const char* target : {"/served", "/left", "/cut", "/../refused", "/reset"}) {
    One& one = *all.emplace_back(std::make_unique<One>(stage));
    one.client.ask("POST", target);
    one.serve(stage.context);
  }
  stage.turn();
  EXPECT_EQ(all[3]->client.status(), 400);
  all[1]->client.leave();  // its stream is reset, the connection lives
  asked_for(stage, "/cut").respond(200, {}, {BodyKind::Length, 5});
  asked_for(stage, "/cut").body.add("ab");
  asked_for(stage, "/cut").body.fail();
  asked_for(stage, "/reset").reset();
  stage.turn();
  EXPECT_TRUE(all[1]->ended);
  EXPECT_FALSE(asked_for(stage, "/left").open) << "cancelled at once";
  EXPECT_TRUE(all[2]->client.aborted);
  EXPECT_EQ(all[4]->client.status(), 502);
  EXPECT_FALSE(all[0]->ended);
  asked_for(stage, "/served").respond_whole("hello");
  stage.turn();
  EXPECT_EQ(all[0]->client.answer.received(), "hello");
  for (const auto& one : all) EXPECT_TRUE(one->ended);
  EXPECT_EQ(stage.in_flight(), 0u);
}

// Every HTTP/2 request ends its stream; only a FIN of the connection is a client that may have left.
TEST(ManyExchanges, ARequestThatIsCompleteIsNoClientThatHasLeft) {
  ExchangeStage stage;
  stage.run();
  stage.pass(Millis{10'000});  // far beyond client_fin
  EXPECT_FALSE(stage.ended());
  stage.conn(0).respond_whole("hello");
  stage.turn();
  EXPECT_EQ(stage.client.answer.received(), "hello");
}

}  // namespace
}  // namespace frontdoor
