#include "support/exchange_stage.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "support/temporary_file.h"

namespace frontdoor::testing {

ExchangeStage::ExchangeStage(unsigned upstreams, const Adjust& adjust)
    : upstreams_(upstreams),
      snapshot_(build(adjust)),
      log_path_(temporary_file()),
      context{.loop = loop, .dialer = dialer, .witness = *this} {
  config::AccessLog log;
  log.output = log_path_;
  std::string error;
  access_log_ = std::make_unique<AccessLog>(log, error);
  log_buffer_ = std::make_unique<AccessLogBuffer>(*access_log_);
  context.access_log = log_buffer_.get();
  context.snapshot = LocalSnapshotRef(new LocalSnapshot(snapshot_, 0, known_, loop));
}

ExchangeStage::~ExchangeStage() {
  // A test that ends in the middle lets the client go, so that the coroutine ends too.
  if (exchange_ && !ended_) {
    client.leave();
    turn();
    EXPECT_TRUE(ended_) << "a client that has gone ends the exchange, whatever it waits for";
  }
  exchange_.reset();
  EXPECT_EQ(in_flight(), 0u);
  log_buffer_.reset();
  access_log_.reset();
  ::unlink(log_path_.c_str());
}

std::shared_ptr<const Snapshot> ExchangeStage::build(const Adjust& adjust) {
  config::Config config;
  config::Pool pool;
  pool.name = "app";
  pool.retry.containment = false;  // it waits after each reset; exchange_death_test.cpp is about that
  for (unsigned i = 0; i < upstreams_; ++i)
    pool.upstreams.push_back({{Address::Kind::Tcp, "127.0.0.1", static_cast<std::uint16_t>(i + 1)}, 1});
  config.pools.push_back(pool);
  config::Route route;
  route.pool = "app";
  config.routes.push_back(route);
  if (adjust) adjust(config);

  auto snapshot = registry_.build(config);
  for (const auto& built : snapshot->pools)
    for (const auto& member : built.members)
      if (member.upstream->seen().state == UpstreamState::Unknown)
        member.upstream->change(member.upstream->seen(), UpstreamState::Up, "test", time.now());
  return snapshot;
}

void ExchangeStage::publish(const Adjust& adjust) {
  snapshot_ = build(adjust);
  context.snapshot = LocalSnapshotRef(new LocalSnapshot(snapshot_, 0, known_, loop));
  context.held.wake_all();
}

void ExchangeStage::take_down(std::size_t i, DownCause cause) {
  EXPECT_TRUE(upstream(i).change(upstream(i).seen(), UpstreamState::Down, "test", time.now(), cause));
}

void ExchangeStage::bring_up(std::size_t i) {
  EXPECT_TRUE(upstream(i).change(upstream(i).seen(), UpstreamState::Up, "test", time.now()));
}

void ExchangeStage::upstream_refused(const std::shared_ptr<Upstream>& upstream, const std::string&) {
  refused.push_back(upstream->name());
}

void ExchangeStage::upstream_silent(const std::shared_ptr<Upstream>& upstream) { silent.push_back(upstream->name()); }

void ExchangeStage::query_of_death(const QueryOfDeath& query) {
  queries_of_death.push_back(std::string(query.method) + " " + std::string(query.path) + " " +
                             std::to_string(query.deaths));
}

Detached ExchangeStage::serve() {
  co_await exchange_->run();
  ended_ = true;
}

void ExchangeStage::begin() {
  exchange_ = std::make_unique<Exchange>(context, client, waker, loop.now());
  ended_ = false;
  serve();
}

void ExchangeStage::turn() {
  for (int i = 0; i < 8; ++i) loop.run_once(Millis{0});
}

void ExchangeStage::pass(Duration by) {
  // Timers may be a tick late, never early; and one wake-up may only move a timer on.
  time.advance(by + TimerWheel::kTick);
  turn();
}

std::uint64_t ExchangeStage::in_flight() {
  std::uint64_t sum = 0;
  for (const auto& pool : snapshot_->pools)
    for (const auto& member : pool.members) sum += member.upstream->in_flight();
  return sum;
}

bool ExchangeStage::left_nothing_behind() {
  bool all_closed = true;
  for (const auto& connection : dialer.connections) all_closed = all_closed && !connection->open;
  return ended_ && all_closed && in_flight() == 0;
}

const std::string& ExchangeStage::log_line() {
  log_buffer_->flush();
  const auto latest = Clock::now() + std::chrono::seconds(5);
  while (log_line_.find('\n') == std::string::npos && Clock::now() < latest) {
    std::ostringstream all;
    all << std::ifstream(log_path_).rdbuf();
    log_line_ = all.str();
  }
  return log_line_;
}

}  // namespace frontdoor::testing
