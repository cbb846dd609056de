// The whole of health against real sockets: state changes, their one log line, reloads. Everything runs in
// the test's io_context; conditions are waited for, never slept for.

#include "health/monitor.h"

#include <gtest/gtest.h>

#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "scripted_server.h"
#include "tests/support/captured_log.h"
#include "tests/support/deaf_socket.h"
#include "tests/support/run_until.h"

namespace frontdoor {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using test::run_until;
using test::ScriptedServer;
using State = UpstreamState;

class MonitorTest : public ::testing::Test {
 protected:
  MonitorTest() {
    check_.path = "/healthz";
    check_.interval = 5ms;
    check_.interval_down = 5ms;
    check_.timeout = 2s;
    config_.pools.emplace_back();
    config_.pools[0].name = "app";
    config_.pools[0].health_check = check_;
  }
  ~MonitorTest() override {
    monitor_.stop();
    io_.restart();
    io_.run();  // nothing may be left to wait for
  }

  std::shared_ptr<Upstream> add(const ScriptedServer& server) {
    config_.pools[0].upstreams.push_back({.address = server.address()});
    auto upstream = registry_.build(config_)->pools[0].members.back().upstream;
    upstream->set_endpoints({server.endpoint()});
    return upstream;
  }
  void apply() { monitor_.apply(registry_.build(config_)); }

  bool becomes(const std::shared_ptr<Upstream>& upstream, State state) {
    return run_until(io_, [&] { return upstream->seen().state == state; });
  }
  bool serves_probes(const ScriptedServer& server, int more) {
    const int target = server.requests() + more;
    return run_until(io_, [&] { return server.requests() >= target; });
  }
  // As a worker would: moves the upstream, then reports it.
  void refuse_from_a_worker(const std::shared_ptr<Upstream>& upstream) {
    std::thread worker([&] {
      if (upstream->change(upstream->seen(), State::Down, "connection refused", Clock::now())) {
        monitor_.upstream_refused(upstream, "connection refused");
      }
    });
    worker.join();
  }

  asio::io_context io_;
  test::CapturedLog log_;
  config::HealthCheck check_;
  config::Config config_;
  UpstreamRegistry registry_{1};
  HealthMonitor monitor_{io_, log_.log()};
};

// Runs nothing, and answers what it is told.
class ScriptedCommands final : public CheckCommands {
 public:
  using End = CheckCommandResult::End;
  explicit ScriptedCommands(asio::io_context& io) : io_(io) {}

  std::uint64_t start(CheckCommand what, std::function<void(const CheckCommandResult&)> done) override {
    last = std::move(what);
    ++started;
    if (out_of_memory) throw std::bad_alloc();
    done_ = std::move(done);
    if (end) asio::post(io_, [this] { answer(); });
    return 7;
  }
  void cancel(std::uint64_t run) override {
    EXPECT_EQ(run, 7U);
    ++cancelled;
    done_ = nullptr;
  }

  std::optional<End> end;  // nothing: none comes
  std::string detail;
  std::string words;
  bool out_of_memory = false;
  CheckCommand last;
  int started = 0;
  int cancelled = 0;

 private:
  void answer() {
    if (const auto done = std::exchange(done_, nullptr)) done({*end, detail, words, 3ms});
  }
  asio::io_context& io_;
  std::function<void(const CheckCommandResult&)> done_;
};

class CommandCheck : public MonitorTest {
 protected:
  CommandCheck() {
    auto& check = *config_.pools[0].health_check;
    check.type = config::HealthCheck::Type::Exec;
    check.command = {"./check", "--quick"};
    check.port = 81;
    monitor_.run_commands_with(commands_);
  }
  ~CommandCheck() override { monitor_.stop(); }  // who runs them outlives who asks
  ScriptedCommands commands_{io_};
};

TEST_F(CommandCheck, ItsExitDecidesAndItsWordsAreToldApart) {
  ScriptedServer nobody_asks(io_);
  const auto upstream = add(nobody_asks);
  commands_.end = ScriptedCommands::End::Passed;
  apply();
  ASSERT_TRUE(becomes(upstream, State::Up));
  EXPECT_EQ(upstream->reason(), "first probe passed");
  EXPECT_EQ(commands_.last.upstream, upstream);
  EXPECT_EQ(commands_.last.command, (std::vector<std::string>{"./check", "--quick"}));
  EXPECT_EQ(commands_.last.timeout, 2s);
  EXPECT_EQ(commands_.last.port, 81);
  commands_.end = ScriptedCommands::End::Failed;
  commands_.detail = "exit 3";
  commands_.words = "the queue is full";
  ASSERT_TRUE(becomes(upstream, State::Down));
  EXPECT_EQ(upstream->reason(), "3 of 3 probes failed: exit 3");
  EXPECT_TRUE(log_.says(R"("reason":"3 of 3 probes failed: exit 3","last_words":"the queue is full")")) << log_.text();
  EXPECT_EQ(monitor_.detail(*upstream)->recent.back().words, "the queue is full");
  EXPECT_EQ(monitor_.report()[0].last_error, "3 of 3 probes failed: exit 3");
  EXPECT_EQ(upstream->down_cause(), DownCause::Unwell);
  EXPECT_EQ(monitor_.report()[0].last_latency, 3ms);
  commands_.end = ScriptedCommands::End::Passed;
  ASSERT_TRUE(becomes(upstream, State::Up));
  EXPECT_EQ(nobody_asks.connections(), 0);
}

TEST_F(CommandCheck, OneThatDoesNotEndIsAnUpstreamThatHangs) {
  ScriptedServer server(io_);
  const auto upstream = add(server);
  commands_.end = ScriptedCommands::End::Passed;
  apply();
  ASSERT_TRUE(becomes(upstream, State::Up));
  commands_.end = ScriptedCommands::End::TimedOut;
  commands_.detail = "probe timed out";
  ASSERT_TRUE(becomes(upstream, State::Down));
  EXPECT_EQ(upstream->down_cause(), DownCause::Hung);
}

TEST_F(CommandCheck, OneThatCannotBeRunSaysNothing) {
  ScriptedServer server(io_);
  const auto upstream = add(server);
  commands_.end = ScriptedCommands::End::Passed;
  apply();
  ASSERT_TRUE(becomes(upstream, State::Up));
  commands_.end = ScriptedCommands::End::NotRun;
  commands_.detail = "command not found: ./check";
  const int before = commands_.started;
  ASSERT_TRUE(run_until(io_, [&] { return commands_.started >= before + 5; }));
  EXPECT_EQ(upstream->seen().state, State::Up);
  EXPECT_EQ(monitor_.detail(*upstream)->recent.back().detail, "command not found: ./check");
  EXPECT_FALSE(monitor_.detail(*upstream)->recent.back().counted);
}

TEST_F(CommandCheck, OneThatCouldNotBeAskedForIsNotCancelled) {
  ScriptedServer server(io_);
  add(server);
  commands_.out_of_memory = true;
  apply();
  ASSERT_TRUE(run_until(io_, [&] { return commands_.started == 1; }));
  monitor_.stop();
  EXPECT_EQ(commands_.cancelled, 0);
}

TEST_F(CommandCheck, OneOfAnUpstreamThatGoesIsCancelled) {
  ScriptedServer server(io_);
  add(server);
  apply();
  ASSERT_TRUE(run_until(io_, [&] { return commands_.started == 1; }));
  config_.pools[0].upstreams.clear();
  apply();
  EXPECT_TRUE(run_until(io_, [&] { return commands_.cancelled == 1; }));
}

TEST_F(MonitorTest, WhoRunsThemNowIsAskedAlsoForAnUpstreamThatWasKnownBefore) {
  ScriptedCommands before(io_), now(io_);
  now.end = ScriptedCommands::End::Passed;
  ScriptedServer app(io_);
  const auto upstream = add(app);
  monitor_.run_commands_with(before);
  apply();
  ASSERT_TRUE(becomes(upstream, State::Up));
  monitor_.run_commands_with(now);
  config_.pools[0].health_check->type = config::HealthCheck::Type::Exec;
  config_.pools[0].health_check->command = {"./check"};
  apply();
  EXPECT_TRUE(run_until(io_, [&] { return now.started > 1; }));
  EXPECT_EQ(before.started, 0);
  monitor_.stop();
  io_.restart();
  while (io_.poll() != 0) {  // the last answer, while there is somebody to give it
  }
}

TEST_F(MonitorTest, WhereNobodyRunsCommandsTheCheckConnects) {
  ScriptedServer server(io_);
  auto& check = *config_.pools[0].health_check;
  check.type = config::HealthCheck::Type::Exec;
  check.command = {"./check"};
  const auto upstream = add(server);
  apply();
  ASSERT_TRUE(becomes(upstream, State::Up));
  EXPECT_EQ(server.requests(), 0);
}

TEST_F(MonitorTest, TheFirstPassAdmitsTheUpstream) {
  ScriptedServer server(io_);
  const auto upstream = add(server);
  apply();
  EXPECT_EQ(upstream->seen().state, State::Unknown);
  ASSERT_TRUE(becomes(upstream, State::Up));
  EXPECT_EQ(upstream->reason(), "first probe passed");
  EXPECT_TRUE(log_.says(R"("event":"upstream up","pool":"app","upstream":")" + upstream->name() +
                        R"(","from":"unknown","reason":"first probe passed")"))
      << log_.text();
}

TEST_F(MonitorTest, FailuresInARowTakeItOutAndPassesBringItBack) {
  ScriptedServer server(io_);
  const auto upstream = add(server);
  apply();
  ASSERT_TRUE(becomes(upstream, State::Up));
  server.answer(test::unavailable());
  ASSERT_TRUE(becomes(upstream, State::Down));
  EXPECT_EQ(upstream->reason(), "3 of 3 probes failed: status 503");
  server.answer(test::ok());
  ASSERT_TRUE(becomes(upstream, State::Up));
  EXPECT_EQ(upstream->reason(), "2 probes passed");
  EXPECT_EQ(upstream->seen().incarnation, 2U);
  EXPECT_EQ(log_.count("\"upstream up\""), 2);
  EXPECT_EQ(log_.count("\"upstream down\""), 1);
}

TEST_F(MonitorTest, AHungUpstreamIsTakenOut) {
  ScriptedServer server(io_);
  config_.pools[0].health_check->timeout = 100ms;
  const auto upstream = add(server);
  apply();
  ASSERT_TRUE(becomes(upstream, State::Up));
  server.stay_silent();
  ASSERT_TRUE(becomes(upstream, State::Down));
  EXPECT_EQ(upstream->reason(), "3 of 3 probes failed: probe timed out");
}

TEST_F(MonitorTest, ASlowUpstreamThatServesLiveTrafficStays) {
  ScriptedServer server(io_);
  config_.pools[0].health_check->timeout = 50ms;
  config_.pools[0].health_check->fall = 1;
  const auto upstream = add(server);
  apply();
  ASSERT_TRUE(becomes(upstream, State::Up));
  server.stay_silent();
  const int before = server.requests();
  run_until(io_, [&] {
    upstream->note_success(0, Clock::now(), {});  // a request is answered in every turn of the loop
    return server.requests() >= before + 4;
  });
  EXPECT_EQ(upstream->seen(), (Upstream::Seen{1, State::Up}));
  EXPECT_EQ(monitor_.report()[0].last_error, "probe timed out");
}

TEST_F(MonitorTest, ADeadUpstreamIsTakenOutAtOnceAndReturnsWhenItListens) {
  ScriptedServer server(io_);
  config_.pools[0].health_check->fall = 1000;
  const auto upstream = add(server);
  apply();
  ASSERT_TRUE(becomes(upstream, State::Up));
  server.refuse();
  ASSERT_TRUE(becomes(upstream, State::Down));
  EXPECT_EQ(upstream->reason(), "connection refused");
  server.listen();
  ASSERT_TRUE(becomes(upstream, State::Up));
}

TEST_F(MonitorTest, AHeadThatNoWorkerTakesIsNoPassWhateverAReloadSays) {
  ScriptedServer server(io_);
  server.answer("HTTP/1.1 200 OK\r\nX: " + std::string(40'000, 'x') + "\r\nContent-Length: 0\r\n\r\n");
  const auto upstream = add(server);
  monitor_.cap_header_bytes(32 * 1024);
  config_.limits.header_bytes = 64 * 1024;
  apply();
  ASSERT_TRUE(becomes(upstream, State::Down));
}

TEST_F(MonitorTest, WithoutACheckItIsUpFromTheStart) {
  ScriptedServer server(io_);
  config_.pools[0].health_check.reset();
  const auto upstream = add(server);
  apply();
  ASSERT_TRUE(becomes(upstream, State::Up));
  EXPECT_EQ(upstream->reason(), "no health check");
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(MonitorTest, WithoutACheckARefusalIsHealedByConnecting) {
  ScriptedServer server(io_);
  config_.pools[0].health_check.reset();
  const auto upstream = add(server);
  apply();
  ASSERT_TRUE(becomes(upstream, State::Up));
  server.refuse();
  refuse_from_a_worker(upstream);
  EXPECT_TRUE(log_.says(R"("from":"up","reason":"connection refused")")) << log_.text();
  run_until(io_, [&] { return monitor_.report()[0].history_size > 0; });  // tried, still refused
  EXPECT_EQ(upstream->seen().state, State::Down);
  server.listen();
  ASSERT_TRUE(becomes(upstream, State::Up));
  EXPECT_EQ(upstream->reason(), "1 probe passed");
  EXPECT_EQ(server.requests(), 0);
}

TEST_F(MonitorTest, ARefusalByLiveTrafficNeedsRisePasses) {
  ScriptedServer server(io_);
  config_.pools[0].health_check->interval = 1h;  // only interval_down can bring it back
  const auto upstream = add(server);
  apply();
  ASSERT_TRUE(becomes(upstream, State::Up));
  refuse_from_a_worker(upstream);
  EXPECT_EQ(upstream->seen().state, State::Down);
  EXPECT_EQ(log_.count("\"upstream down\""), 1);
  ASSERT_TRUE(becomes(upstream, State::Up));
  EXPECT_EQ(upstream->reason(), "2 probes passed");
  EXPECT_EQ(monitor_.report()[0].last_error, "connection refused");
}

TEST_F(MonitorTest, ANameThatDoesNotResolveIsDownWithThatReason) {
  ScriptedServer server(io_);
  const auto upstream = add(server);
  upstream->set_endpoints({});
  apply();
  ASSERT_TRUE(becomes(upstream, State::Down));
  EXPECT_EQ(upstream->reason(), "name does not resolve");
  EXPECT_EQ(log_.count("\"upstream down\""), 1);
}

TEST_F(MonitorTest, WaitsForDiscoveryBeforeItJudges) {
  ScriptedServer server(io_);
  config_.pools[0].health_check.reset();
  config_.pools[0].upstreams.push_back({.address = {.host = "app.internal", .port = 80}});
  const auto upstream = registry_.build(config_)->pools[0].members[0].upstream;
  apply();
  io_.run_for(60ms);
  EXPECT_EQ(upstream->seen().state, State::Unknown);
  upstream->set_endpoints({server.endpoint()});
  EXPECT_TRUE(becomes(upstream, State::Up));
}

TEST_F(MonitorTest, WhatNobodyChecksIsLookedAtOnceWhenTrafficCouldNotConnect) {
  ScriptedServer server(io_);
  config_.pools[0].health_check.reset();
  const auto well = add(server);
  const testing::DeafSocket deaf;
  config_.pools[0].upstreams.push_back({.address = {.host = "127.0.0.1", .port = deaf.endpoint().port()}});
  const auto silent = registry_.build(config_)->pools[0].members.back().upstream;
  apply();
  ASSERT_TRUE(becomes(silent, State::Up));
  ASSERT_TRUE(becomes(well, State::Up));
  monitor_.upstream_silent(silent);
  monitor_.upstream_silent(well);
  ASSERT_TRUE(becomes(silent, State::Down));
  EXPECT_EQ(silent->reason(), "probe timed out");
  EXPECT_EQ(well->seen(), (Upstream::Seen{1, State::Up}));
  EXPECT_EQ(server.connections(), 1) << "looked at once, not for ever";
}

TEST_F(MonitorTest, AReloadKeepsTheVerdictAndTheHistory) {
  ScriptedServer kept(io_), dropped(io_), added(io_);
  const auto stays = add(kept);
  const auto goes = add(dropped);
  apply();
  ASSERT_TRUE(becomes(stays, State::Up));
  ASSERT_TRUE(becomes(goes, State::Up));
  ASSERT_TRUE(serves_probes(kept, 5));
  const unsigned results = monitor_.report()[0].history_size;
  EXPECT_GE(results, 4U);

  config_.pools[0].upstreams.pop_back();
  config_.pools[0].health_check->path = "/changed";
  const auto comes = add(added);
  apply();
  ASSERT_EQ(monitor_.report().size(), 2U);
  EXPECT_EQ(monitor_.report()[0].upstream, stays);
  EXPECT_GE(monitor_.report()[0].history_size, results);
  EXPECT_EQ(stays->seen(), (Upstream::Seen{1, State::Up}));
  ASSERT_TRUE(becomes(comes, State::Up));

  ASSERT_TRUE(serves_probes(kept, 2));
  EXPECT_NE(kept.last_request().find("GET /changed"), std::string::npos);
  const int before = dropped.connections();
  ASSERT_TRUE(serves_probes(kept, 5));
  EXPECT_EQ(dropped.connections(), before);
  EXPECT_EQ(log_.count("\"upstream up\""), 3);
}

TEST_F(MonitorTest, AReloadCanTakeTheCheckAwayAndGiveItBack) {
  ScriptedServer server(io_);
  const auto upstream = add(server);
  server.answer(test::unavailable());
  apply();
  ASSERT_TRUE(becomes(upstream, State::Down));
  config_.pools[0].health_check.reset();
  apply();
  ASSERT_TRUE(becomes(upstream, State::Up));  // it can be connected to, and that is all that is asked now
  config_.pools[0].health_check = check_;
  apply();
  ASSERT_TRUE(becomes(upstream, State::Down));
  EXPECT_EQ(upstream->reason(), "3 of 3 probes failed: status 503");
}

TEST_F(MonitorTest, AControlLoopThatWasStoppedAccusesNobody) {
  ScriptedServer server(io_);
  config_.pools[0].health_check->timeout = 100ms;
  config_.pools[0].health_check->fall = 1;
  const auto upstream = add(server);
  apply();
  ASSERT_TRUE(becomes(upstream, State::Up));
  server.stay_silent();
  ASSERT_TRUE(serves_probes(server, 1));  // a probe is under way
  std::this_thread::sleep_for(300ms);     // as SIGSTOP would do
  server.answer(test::ok());
  ASSERT_TRUE(serves_probes(server, 2));
  EXPECT_EQ(upstream->seen(), (Upstream::Seen{1, State::Up})) << log_.text();
  EXPECT_TRUE(log_.says("probe discarded"));
}

TEST_F(MonitorTest, SaysWhichRequestIsSuspected) {
  monitor_.query_of_death({.pool = "app",
                           .upstream = "127.0.0.1:3001",
                           .method = "GET",
                           .path = "/die\n",
                           .request_id = "0123",
                           .deaths = 2,
                           .requests = 7});
  EXPECT_TRUE(log_.says(R"("level":"warn","event":"query of death","pool":"app","method":"GET","path":"/die\n",)"
                        R"("request_id":"0123","upstream":"127.0.0.1:3001","deaths":2,"requests":7)"))
      << log_.text();
}

TEST_F(MonitorTest, ReportsWhatItSaw) {
  ScriptedServer server(io_);
  const auto upstream = add(server);
  apply();
  ASSERT_TRUE(becomes(upstream, State::Up));
  server.answer(test::unavailable());
  ASSERT_TRUE(becomes(upstream, State::Down));
  const HealthReport report = monitor_.report()[0];
  EXPECT_TRUE(report.checked);
  EXPECT_EQ(report.upstream, upstream);
  EXPECT_EQ(report.history & 0b111U, 0U);
  EXPECT_NE(report.history, 0U);
  EXPECT_EQ(report.last_error, "3 of 3 probes failed: status 503");
  EXPECT_GT(report.last_latency, 0ms);

  const auto detail = monitor_.detail(*upstream);
  ASSERT_TRUE(detail);
  EXPECT_EQ(detail->check, config_.pools[0].health_check);
  EXPECT_EQ(detail->streak, 0u);
  EXPECT_LE(detail->recent.size(), kMostProbeRecords);
  const ProbeRecord& last = detail->recent.back();
  EXPECT_EQ(last.outcome, Outcome::Failed);
  EXPECT_EQ(last.detail, "status 503");
  EXPECT_EQ(last.by, ProbeRecord::By::Probe);
  EXPECT_TRUE(last.counted);
  EXPECT_GT(last.latency, 0ms);
  EXPECT_EQ(detail->recent.front().outcome, Outcome::Passed);
  monitor_.upstream_refused(upstream, "connection refused");
  EXPECT_TRUE(run_until(io_, [&] {
    const auto recent = monitor_.detail(*upstream)->recent;
    return std::any_of(recent.begin(), recent.end(),
                       [](const ProbeRecord& record) { return record.by == ProbeRecord::By::Request; });
  }));
  const Upstream stranger("app", {}, 1, std::make_shared<PoolMemory>());
  EXPECT_FALSE(monitor_.detail(stranger));
}

TEST_F(MonitorTest, KeepsTheLastProbesOnly) {
  ScriptedServer server(io_);
  config_.pools[0].health_check->interval = 5ms;
  const auto upstream = add(server);
  apply();
  const int before = server.requests();
  ASSERT_TRUE(run_until(io_, [&] { return server.requests() >= before + 24; }));
  EXPECT_EQ(monitor_.detail(*upstream)->recent.size(), kMostProbeRecords);
}

TEST_F(MonitorTest, StoppingCancelsAProbeUnderWay) {
  ScriptedServer server(io_);
  server.stay_silent();
  const auto upstream = add(server);
  apply();
  ASSERT_TRUE(serves_probes(server, 1));
  monitor_.stop();
  server.refuse();
  io_.run();  // returns, since nothing is left
  EXPECT_EQ(upstream->seen().state, State::Unknown);
  refuse_from_a_worker(upstream);  // harmless
  EXPECT_TRUE(monitor_.report().empty());
}

}  // namespace
}  // namespace frontdoor
