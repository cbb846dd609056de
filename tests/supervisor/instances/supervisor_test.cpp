// The supervisor before a launcher of the test's own, which answers what and when the test says.

#include "supervisor/instances/supervisor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio.hpp>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "supervisor/instances/notice.h"
#include "supervisor/launcher/launcher_client.h"
#include "supervisor/launcher/launcher_message.h"
#include "supervisor/output/app_output.h"
#include "tests/supervisor/launch_and_see.h"
#include "tests/supervisor/no_host.h"
#include "tests/support/captured_log.h"
#include "tests/support/run_until.h"

namespace frontdoor {
namespace {

namespace asio = boost::asio;
using Kind = LauncherMessage::Kind;

// One pool of one worker, which needs no port and is up as soon as it runs.
config::Config one_worker(const std::string& pool) {
  config::Config config;
  config.pools.emplace_back().name = pool;
  config::Process& process = config.pools.back().process;
  process.command = {"worker"};
  process.port = config::Launch::Port::None;
  process.min_uptime = Millis{1};
  return config;
}

class Supervised : public ::testing::Test {
 protected:
  Supervised() : launcher_end_(socket_end(0)), launcher_(control_, socket_end(1), [] {}) {}
  ~Supervised() override {
    if (process_.pid <= 0) return;
    ::kill(process_.pid, SIGKILL);
    ::waitpid(process_.pid, nullptr, 0);
  }

  // The number of the next launch that is asked for.
  std::optional<std::uint64_t> asked_to_launch() {
    std::optional<std::uint64_t> id;
    test::run_until(control_, [&] {
      Received received;
      while (!id && !(received = receive_message(launcher_end_.get())).empty)
        if (received.message && received.message->kind == Kind::Launch) id = received.message->id;
      return id.has_value();
    });
    return id;
  }
  void cannot_launch(std::uint64_t id) {
    const LauncherMessage answer{
        .kind = Kind::LaunchFailed, .id = id, .code = static_cast<int>(LaunchStage::Exec), .status = ENOENT};
    ASSERT_EQ(send_message(launcher_end_.get(), answer), Sent::Ok);
  }
  // Runs until the test is over.
  void launched(std::uint64_t id) {
    LaunchRequest request;
    request.command = {"sleep", "1000"};
    request.environment = {"PATH=/usr/bin:/bin"};
    process_ = test::launch_and_see(request, {1, 2, {}});
    ASSERT_TRUE(process_.ok());
    LauncherMessage answer{.kind = Kind::Launched, .id = id, .pid = process_.pid};
    answer.fds.emplace_back(process_.pidfd);
    ASSERT_EQ(send_message(launcher_end_.get(), answer), Sent::Ok);
  }
  void ask(asio::awaitable<OperationResult> operation) {
    result_.reset();
    asio::co_spawn(control_, std::move(operation),
                   [this](const std::exception_ptr&, OperationResult result) { result_ = std::move(result); });
  }
  bool answered() {
    return test::run_until(control_, [&] { return result_.has_value(); });
  }
  PoolStatus status(const std::string& pool) { return supervisor_.status_of(pool).value_or(PoolStatus{}); }

 private:
  static int socket_end(int which) {
    static int ends[2];
    EXPECT_TRUE(which != 0 || ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
    return ends[which];
  }

 protected:
  asio::io_context control_{1};
  test::CapturedLog log_;
  InstanceLogs logs_;
  test::NoHost host_;
  OwnedFd launcher_end_;
  LauncherClient launcher_;
  const OwnedFd nowhere_{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
  AppOutput output_{control_, log_.log(), nowhere_.get(), {}};
  Supervisor supervisor_{control_, log_.log(), launcher_, host_, output_, logs_, 1};
  Launched process_;
  std::optional<OperationResult> result_;
};

// A command on a disk that hangs takes half a minute to fail.
TEST_F(Supervised, ARestartThatIsAskedForDuringALaunchThatFailsIsAnotherLaunch) {
  config::Config config = one_worker("app");
  config.pools[0].process.restart.policy = config::Restart::Policy::Never;
  supervisor_.apply(config);
  const auto first = asked_to_launch();
  ASSERT_TRUE(first);
  ask(supervisor_.restart("app", std::nullopt, RestartHow::Now, "restart"));
  control_.poll();
  cannot_launch(*first);
  const auto second = asked_to_launch();
  ASSERT_TRUE(second) << log_.text();
  cannot_launch(*second);
  ASSERT_TRUE(answered()) << log_.text();
  EXPECT_FALSE(result_->ok);
  EXPECT_FALSE(status("app").changing);
}

// No config has such a name: the directory of its socket would lie in one that there is not.
const std::string kNoPlace = "no/such";

TEST_F(Supervised, AStartWithoutAPlaceToListenFailsAndIsTriedAgain) {
  config::Config config = one_worker(kNoPlace);
  config.pools[0].process.port = config::Launch::Port::Unix;
  supervisor_.apply(config);
  ask(supervisor_.start(kNoPlace, std::nullopt));
  ASSERT_TRUE(answered());
  EXPECT_FALSE(result_->ok);
  EXPECT_NE(result_->error.find("has no place to listen: "), std::string::npos) << result_->error;
  EXPECT_FALSE(status(kNoPlace).changing);
  EXPECT_EQ(status(kNoPlace).instances.at(0).state, InstanceState::Pausing) << "and not stopped";
  EXPECT_NE(status(kNoPlace).instances.at(0).late.find("has no place to listen"), std::string::npos);
  control_.run_for(Millis{1'200});  // two tries more
  EXPECT_EQ(log_.count("an instance has no place to listen"), 1) << log_.text();

  const std::string directory = result_->error.substr(result_->error.find(": /") + 2);
  const std::string missing = directory.substr(0, directory.find("/such"));
  std::filesystem::create_directory(missing);
  EXPECT_TRUE(asked_to_launch()) << "what was in its way has gone: " << result_->error;
  std::filesystem::remove_all(missing);
}

TEST_F(Supervised, ARollWithoutAPlaceToListenFailsAndTheOldOneStays) {
  config::Config config = one_worker(kNoPlace);
  supervisor_.apply(config);
  const auto first = asked_to_launch();
  ASSERT_TRUE(first);
  launched(*first);
  ASSERT_TRUE(test::run_until(control_, [&] { return status(kNoPlace).instances.at(0).state == InstanceState::Up; }));

  config.pools[0].process.port = config::Launch::Port::Unix;
  supervisor_.apply(config);
  ASSERT_TRUE(test::run_until(control_, [&] { return status(kNoPlace).failed_roll.has_value(); })) << log_.text();
  EXPECT_NE(status(kNoPlace).failed_roll->why.find("no place to listen"), std::string::npos);
  EXPECT_TRUE(test::run_until(control_, [&] { return !status(kNoPlace).changing; }));
  EXPECT_EQ(status(kNoPlace).instances.at(0).state, InstanceState::Up);
  ask(supervisor_.restart(kNoPlace, std::nullopt, RestartHow::Rolling, "restart"));
  ASSERT_TRUE(answered());
  EXPECT_FALSE(result_->ok);
  EXPECT_NE(result_->error.find("the old one stays"), std::string::npos) << result_->error;
}

// At the end of the program what waits is destroyed in any order, and what is left may still tell.
TEST(Notice, KnowsNobodyWhoWaitsNoMore) {
  std::optional<asio::io_context> control;
  control.emplace(1);
  Notice notice(*control);
  asio::co_spawn(*control, notice.changed(notice.version()), asio::detached);
  control->poll();
  const std::uint64_t before = notice.version();
  control.reset();
  notice.tell();
  EXPECT_EQ(notice.version(), before + 1);
}

}  // namespace
}  // namespace frontdoor
