// Commands of exec checks, with this test as their launcher: who waits for whom, what is asked for, and what becomes of
// one that is never started. Real processes: tests/e2e/exec_checks_test.py.

#include "supervisor/instances/exec_checks.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio.hpp>
#include <cerrno>
#include <csignal>
#include <optional>
#include <utility>
#include <vector>

#include "balancer/pool_memory.h"
#include "supervisor/launcher/launch.h"
#include "supervisor/launcher/launcher_message.h"
#include "supervisor/output/last_line.h"
#include "tests/supervisor/faulty_process_ops.h"
#include "tests/support/captured_log.h"
#include "tests/support/run_until.h"

namespace frontdoor {
namespace {

namespace asio = boost::asio;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;
using ::testing::StartsWith;
using End = CheckCommandResult::End;
using Kind = LauncherMessage::Kind;

TEST(LastLine, IsTheLastThatSaysSomething) {
  const struct {
    std::vector<std::string> parts;
    std::string text;
  } cases[] = {
      {{}, ""},
      {{"one\ntwo\n"}, "two"},
      {{"one\ntw", "o"}, "two"},
      {{"one\n\n  \n"}, "one"},
      {{"  blanks around\t\r\n"}, "blanks around"},
      {{"a\x1b[31mb\x07\n"}, "a [31mb"},
      {{std::string(5'000, 'x') + "\n"}, std::string(LastLine::kLongest, 'x')},
      {{std::string(LastLine::kLongest - 1, 'x') + "\xc3\xa9y"}, std::string(LastLine::kLongest - 1, 'x')},
  };
  for (const auto& c : cases) {
    LastLine line;
    for (const std::string& part : c.parts) line.feed(part);
    EXPECT_EQ(line.text(), c.text);
  }
}

std::shared_ptr<Upstream> upstream_at(std::vector<Endpoint> endpoints, const std::string& pool = "app", std::string host = "a") {
  const auto upstream =
      std::make_shared<Upstream>(pool, Address{.host = std::move(host), .port = 80}, 1, std::make_shared<PoolMemory>());
  upstream->set_endpoints(std::move(endpoints));
  return upstream;
}

TEST(CheckVariables, SayWhereTheUpstreamIs) {
  const Endpoint v4 = *Endpoint::numeric("10.0.0.2", 8080);
  const Endpoint v6 = *Endpoint::numeric("fd00::1", 8080);
  const struct {
    std::vector<Endpoint> at;
    std::uint16_t port;
    std::string host, its_port, address;
  } cases[] = {
      {{v4}, 0, "10.0.0.2", "8080", "10.0.0.2:8080"},
      {{v4}, 9, "10.0.0.2", "9", "10.0.0.2:9"},
      {{v6}, 0, "fd00::1", "8080", "[fd00::1]:8080"},
      {{Endpoint::unix_path("/run/app.sock")}, 0, "", "/run/app.sock", "unix:/run/app.sock"},
      {{v6, v4}, 0, "localhost", "8080", "localhost:8080"},
      {{}, 0, "", "", ""},
  };
  for (const auto& c : cases) {
    const InstanceVariables variables = check_variables(*upstream_at(c.at, "app", "localhost"), c.port);
    EXPECT_EQ(variables.host, c.host);
    EXPECT_EQ(variables.port, c.its_port);
    EXPECT_EQ(variables.address, c.address);
  }
}

class ExecChecksTest : public ::testing::Test {
 protected:
  explicit ExecChecksTest(FaultyProcessOps::Op op = FaultyProcessOps::Op::Pipe, int error = EMFILE, int times = 0)
      : ops_(op, error, times) {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    launcher_ = OwnedFd(ends[1]);
    fcntl(launcher_.get(), F_SETFL, O_NONBLOCK);
    client_.emplace(control_, ends[0], [] {}, ops_);
    ExecChecks::Instances instances{.find = [this](const Upstream& upstream) -> std::optional<CheckedInstance> {
                                      if (&upstream == instance_.get()) return its_;
                                      return std::nullopt;
                                    },
                                    .processes = [] { return std::vector<pid_t>(); },
                                    .list = [this] { return ++looks_, all_; }};
    checks_.emplace(control_, log_.log(), *client_, std::move(instances), Millis{20});
    config::Config config;
    for (const char* pool : {"app", "one", "other"}) {
      config.pools.emplace_back().name = pool;
      config.pools.back().health_check = config::HealthCheck{.type = config::HealthCheck::Type::Exec, .command = {"./check"}};
    }
    checks_->apply(config);
  }

  std::uint64_t start(const std::shared_ptr<Upstream>& upstream, Millis timeout = Millis{60'000}) {
    return checks_->start({upstream, {"./check", "it"}, timeout, 0},
                          [this](const CheckCommandResult& result) { results_.push_back(result); });
  }
  // What has been asked of the launcher since.
  std::vector<LaunchRequest> asked() {
    for (int turn = 0; turn < 50; ++turn) {
      control_.restart();
      control_.poll();
      for (Received received = receive_message(launcher_.get()); received.message; received = receive_message(launcher_.get())) {
        if (received.message->kind != Kind::Launch) continue;
        const auto bytes = from_memory_file(received.message->fds.at(0).get(), kLongestLaunchRequest);
        requests_.push_back(*decode_launch_request(*bytes));
        ids_.push_back(received.message->id);
      }
    }
    return std::exchange(requests_, {});
  }
  void refuse(std::size_t which, LaunchStage stage, int error) {
    const LauncherMessage answer{.kind = Kind::LaunchFailed,
                                 .id = ids_.at(which),
                                 .code = static_cast<std::int32_t>(stage),
                                 .status = error};
    ASSERT_EQ(send_message(launcher_.get(), answer), Sent::Ok);
  }
  // Without a process: it has a number that no process has.
  void launched(std::size_t which, pid_t pid = kNobody, OwnedFd pidfd = {}) {
    LauncherMessage answer{.kind = Kind::Launched, .id = ids_.at(which), .pid = pid};
    if (pidfd.valid()) answer.fds.push_back(std::move(pidfd));
    ASSERT_EQ(send_message(launcher_.get(), answer), Sent::Ok);
  }
  bool answered(std::size_t count) {
    return test::run_until(control_, [&] { return results_.size() >= count; });
  }

  static constexpr pid_t kNobody = 1 << 30;
  asio::io_context control_{1};
  test::CapturedLog log_;
  std::vector<ProcessInfo> all_;  // processes
  int looks_ = 0;                 // at them
  FaultyProcessOps ops_;
  OwnedFd launcher_;
  std::optional<LauncherClient> client_;
  std::optional<ExecChecks> checks_;
  std::shared_ptr<Upstream> instance_;
  CheckedInstance its_;
  std::vector<LaunchRequest> requests_;
  std::vector<std::uint64_t> ids_;
  std::vector<CheckCommandResult> results_;
};

TEST_F(ExecChecksTest, AFewOfEachPoolRunAtATimeAndNoPoolWaitsForAnother) {
  const auto one = upstream_at({*Endpoint::numeric("127.0.0.1", 81)}, "one");
  const auto other = upstream_at({*Endpoint::numeric("127.0.0.1", 82)}, "other");
  for (int i = 0; i < 20; ++i) start(one);
  EXPECT_TRUE(asked().empty()) << "the launcher may still have processes whose numbers are taken";
  checks_->open();
  EXPECT_EQ(asked().size(), ExecChecks::kMostAtOnce);
  start(other);
  EXPECT_EQ(asked().size(), 1u);
  refuse(0, LaunchStage::Fork, EAGAIN);
  ASSERT_TRUE(answered(1));
  EXPECT_EQ(asked().size(), 1u) << "one place, one more";
}

TEST_F(ExecChecksTest, ACancelledOneIsNotStartedAndNotAnswered) {
  checks_->open();
  const auto upstream = upstream_at({*Endpoint::numeric("127.0.0.1", 81)});
  std::vector<std::uint64_t> runs;
  for (unsigned i = 0; i <= ExecChecks::kMostAtOnce; ++i) runs.push_back(start(upstream));
  EXPECT_EQ(asked().size(), ExecChecks::kMostAtOnce);
  for (const std::uint64_t run : runs) checks_->cancel(run);
  checks_->cancel(4711);
  for (std::size_t i = 0; i < ids_.size(); ++i) refuse(i, LaunchStage::Exec, ENOENT);
  EXPECT_TRUE(asked().empty());
  EXPECT_TRUE(results_.empty());
  EXPECT_FALSE(log_.says("health check cannot be run")) << log_.text();
  start(upstream);
  EXPECT_EQ(asked().size(), 1u) << "the places were given back";
}

TEST_F(ExecChecksTest, WhatCannotBeRunIsToldOnceAndSaysNothing) {
  checks_->open();
  const auto upstream = upstream_at({*Endpoint::numeric("127.0.0.1", 81)});
  for (std::size_t i = 0; i < 3; ++i) {
    start(upstream);
    asked();
    refuse(i, LaunchStage::Exec, ENOENT);
    ASSERT_TRUE(answered(i + 1));
    EXPECT_EQ(results_.back().end, End::NotRun);
    EXPECT_EQ(results_.back().detail, "command not found: ./check");
  }
  EXPECT_EQ(log_.count("health check cannot be run, and says nothing"), 1) << log_.text();
}

// A process of this test, which does nothing; it is ended with it.
struct Sleeper {
  Sleeper() {
    if (pid = fork(); pid != 0) return;
    for (;;) pause();
  }
  ~Sleeper() {
    if (ended) return;
    ::kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }
  bool has_ended() { return ended = ended || waitpid(pid, nullptr, WNOHANG) == pid; }
  pid_t pid = -1;
  bool ended = false;
};

TEST_F(ExecChecksTest, ALauncherThatDoesNotAnswerHoldsNobodyUpAndThatIsTold) {
  checks_->open();
  const auto upstream = upstream_at({*Endpoint::numeric("127.0.0.1", 81)});
  for (unsigned i = 0; i <= ExecChecks::kMostAtOnce; ++i) start(upstream, Millis{20});
  ASSERT_TRUE(answered(ExecChecks::kMostAtOnce + 1)) << "also who waits for a place";
  for (const CheckCommandResult& result : results_) EXPECT_EQ(result.end, End::NotRun);
  EXPECT_EQ(results_.front().detail, "the launcher does not answer");
  EXPECT_EQ(log_.count(R"("reason":"the launcher does not answer")"), 1) << log_.text();
}

TEST_F(ExecChecksTest, ThoseThatDoNotEndAreToldAndNobodyWaitsForThem) {
  checks_->open();
  const auto upstream = upstream_at({*Endpoint::numeric("127.0.0.1", 81)});
  std::vector<std::uint64_t> runs;
  for (unsigned i = 0; i < ExecChecks::kMostAtOnce; ++i) runs.push_back(start(upstream));
  asked();
  for (std::size_t i = 0; i < runs.size(); ++i) launched(i);
  asked();
  for (const std::uint64_t run : runs) checks_->cancel(run);
  for (std::size_t i = 1; i <= 2; ++i) {
    start(upstream);
    ASSERT_TRUE(answered(i));
    EXPECT_EQ(results_.back().end, End::NotRun);
    EXPECT_EQ(results_.back().detail, "none of the checks before it ends");
  }
  EXPECT_EQ(looks_, 1) << "all of them are killed at one look";
  EXPECT_EQ(log_.count("a health check was killed and does not end"), 1) << log_.text();
  EXPECT_EQ(log_.count("health check cannot be run, and says nothing"), 1) << log_.text();
  EXPECT_TRUE(asked().empty());
  const LauncherMessage end{.kind = Kind::Exited, .id = ids_[0], .pid = kNobody, .code = CLD_KILLED, .status = SIGKILL};
  ASSERT_EQ(send_message(launcher_.get(), end), Sent::Ok);
  asked();
  start(upstream);
  EXPECT_EQ(asked().size(), 1u) << "one has ended after all";
}

TEST_F(ExecChecksTest, OneThatCannotBeLookedAtIsKilledByTheDescriptorThatTheLauncherSent) {
  checks_->open();
  Sleeper process;
  const std::uint64_t run = start(upstream_at({*Endpoint::numeric("127.0.0.1", 81)}));
  asked();
  launched(0, kNobody, OwnedFd(open_pidfd(process.pid)));
  checks_->cancel(run);
  EXPECT_TRUE(test::run_until(control_, [&] { return process.has_ended(); }));
}

TEST_F(ExecChecksTest, WhatIsBelowAnotherProcessOfThatNumberIsLeftAlone) {
  checks_->open();
  Sleeper check, stranger;
  ProcessInfo another{.pid = check.pid, .parent = 1, .state = 'S', .started = 1};
  ProcessInfo below = *read_process(stranger.pid);
  below.parent = check.pid;
  all_ = {another, below};
  const std::uint64_t run = start(upstream_at({*Endpoint::numeric("127.0.0.1", 81)}));
  asked();
  launched(0, check.pid);
  asked();
  checks_->cancel(run);
  ASSERT_TRUE(test::run_until(control_, [&] { return check.has_ended(); }));
  EXPECT_FALSE(stranger.has_ended());
}

TEST_F(ExecChecksTest, WhatACrashHasLeftIsEndedOnlyWhereItIsCertainlyThat) {
  Sleeper stranger, check;
  checks_->end({.id = 1, .pid = stranger.pid, .memo = "check of 0123456789abcdef"});
  checks_->end({.id = 2, .pid = check.pid, .memo = "check of 0123456789abcdee", .pidfd = OwnedFd(open_pidfd(check.pid))});
  ASSERT_TRUE(test::run_until(control_, [&] { return check.has_ended(); }));
  EXPECT_FALSE(stranger.has_ended()) << "its number was another's";
}

TEST_F(ExecChecksTest, OneOfAPoolThatNobodyHasNamedIsNotRun) {
  checks_->open();
  start(upstream_at({*Endpoint::numeric("127.0.0.1", 81)}, "unknown"));
  EXPECT_TRUE(asked().empty()) << "it would run as this process";
  ASSERT_TRUE(answered(1));
  EXPECT_EQ(results_.back().end, End::NotRun);
  EXPECT_TRUE(log_.says(R"("reason":"the pool is not known")")) << log_.text();
}

TEST_F(ExecChecksTest, RunsAsTheInstanceThatItChecks) {
  instance_ = upstream_at({*Endpoint::numeric("127.0.0.1", 24001)});
  its_ = {{}, "app.3", 3};
  its_.launch.directory = "/srv/app";
  its_.launch.env = {{"SECRET", "of app"}};
  its_.launch.kill_mode = config::Launch::KillMode::Process;
  its_.launch.account = config::Account{.uid = 65'534, .gid = 65'534, .name = "nobody", .home = "/nonexistent"};
  checks_->open();
  start(instance_);
  const auto requests = asked();
  ASSERT_EQ(requests.size(), 1u);
  const LaunchRequest& request = requests.front();
  EXPECT_THAT(request.command, ElementsAre("./check", "it"));
  EXPECT_EQ(request.directory, "/srv/app");
  for (const char* variable : {"SECRET=of app", "PORT=24001", "FRONTDOOR_HOST=127.0.0.1", "FRONTDOOR_ADDRESS=127.0.0.1:24001",
                               "FRONTDOOR_INSTANCE=app.3", "NODE_APP_INSTANCE=2", "HOME=/nonexistent"})
    EXPECT_THAT(request.environment, Contains(variable));
  EXPECT_THAT(request.environment, Not(Contains(StartsWith("FRONTDOOR_KILL_MODE"))));
  ASSERT_TRUE(request.identity);
  EXPECT_EQ(request.identity->uid, 65'534u);
  EXPECT_EQ(request.parent_death_signal, SIGKILL);
  EXPECT_TRUE(request.brief);
  EXPECT_TRUE(ExecChecks::is_check(request.memo));
  EXPECT_FALSE(ExecChecks::is_check("check of x\n1\n127.0.0.1:1\nabc\n")) << "an instance of a pool with such a name";
}

TEST_F(ExecChecksTest, OfAServerThatSomebodyElseRunsItRunsAsThePoolSays) {
  config::Config config;
  config.pools.resize(1);
  config.pools[0].name = "app";
  config.pools[0].process.directory = "/srv/checks";
  config.pools[0].process.umask = "027";
  config.pools[0].process.rlimits = {{"nofile", RLIMIT_NOFILE, 10, 20}};
  config.pools[0].health_check = config::HealthCheck{.type = config::HealthCheck::Type::Exec, .command = {"./check"}};
  checks_->apply(config);
  checks_->open();
  start(upstream_at({*Endpoint::numeric("10.0.0.2", 8080)}));
  const auto requests = asked();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests.front().directory, "/srv/checks");
  EXPECT_EQ(requests.front().umask, 027u);
  EXPECT_THAT(requests.front().limits, Contains(ResourceLimit{RLIMIT_NOFILE, 10, 20}));
  EXPECT_THAT(requests.front().environment, Contains("PORT=8080"));
  EXPECT_THAT(requests.front().environment, Not(Contains(StartsWith("FRONTDOOR_INSTANCE="))));
  EXPECT_THAT(requests.front().environment, Not(Contains(StartsWith("NODE_APP_INSTANCE="))));
}

class ExecChecksMisfortune : public ExecChecksTest {
 protected:
  ExecChecksMisfortune() : ExecChecksTest(FaultyProcessOps::Op::Pipe, EMFILE, 3) {}
};

TEST_F(ExecChecksMisfortune, WithoutDescriptorsNothingIsLearnedAndItGoesOnWhenThereAreSome) {
  checks_->open();
  const auto upstream = upstream_at({*Endpoint::numeric("127.0.0.1", 81)});
  for (std::size_t i = 0; i < 3; ++i) {
    start(upstream);
    EXPECT_TRUE(results_.size() == i) << "never from inside of the question";
    ASSERT_TRUE(answered(i + 1));
    EXPECT_EQ(results_.back().end, End::NotRun);
    EXPECT_EQ(results_.back().detail, "no process can be started: Too many open files");
  }
  start(upstream);
  EXPECT_EQ(asked().size(), 1u);
}

}  // namespace
}  // namespace frontdoor
