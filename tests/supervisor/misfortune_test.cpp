// Starting a process on a machine that has nothing left: each system call that it takes fails once, for each reason.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio.hpp>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/detached.h"
#include "base/log.h"
#include "supervisor/instances/supervisor.h"
#include "supervisor/launcher/launch.h"
#include "supervisor/launcher/launcher.h"
#include "supervisor/launcher/launcher_client.h"
#include "supervisor/launcher/launcher_message.h"
#include "supervisor/output/app_output.h"
#include "supervisor/output/output_reader.h"
#include "supervisor/triggers/file_watch.h"
#include "supervisor/triggers/trigger.h"
#include "tests/supervisor/faulty_process_ops.h"
#include "tests/supervisor/launch_and_see.h"
#include "tests/supervisor/no_host.h"
#include "tests/support/captured_log.h"
#include "tests/support/no_threads.h"
#include "tests/support/run_until.h"

namespace frontdoor {
namespace {

namespace asio = boost::asio;
using Op = FaultyProcessOps::Op;

std::size_t open_descriptors() {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

bool has_children() {
  siginfo_t info{};
  return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

LaunchRequest sleeper() {
  LaunchRequest request;
  request.command = {"sleep", "1000"};
  request.environment = {"PATH=/usr/bin:/bin"};
  return request;
}

TEST(LaunchMisfortune, EachCallThatFailsIsItsReasonAndLeavesNothing) {
  const std::size_t before = open_descriptors();
  for (const Op op : {Op::Pipe, Op::Fork, Op::OpenPidfd})
    for (const int error : {EMFILE, ENFILE, EAGAIN, ENOMEM}) {
      FaultyProcessOps ops(op, error, 1);
      const Launched launched = test::launch_and_see(sleeper(), {1, 2, {}}, ops);
      EXPECT_EQ(launched.failure.stage, LaunchStage::Fork) << to_string(op);
      EXPECT_EQ(launched.failure.error, error) << to_string(op);
      EXPECT_EQ(launched.pid, -1);
      EXPECT_EQ(open_descriptors(), before) << to_string(op);
      EXPECT_FALSE(has_children()) << "a child without a pidfd is not left running: " << to_string(op);
    }
}

// What fails in the child, after the fork: its reason comes back, and the child does not stay.
TEST(LaunchMisfortune, WhatFailsInTheChildIsItsReasonAndLeavesNothing) {
  const struct {
    Op op;
    int succeed_first;
    LaunchStage stage;
  } cases[] = {{Op::OpenNull, 0, LaunchStage::Fork},       {Op::DuplicateAbove, 0, LaunchStage::Fork},
               {Op::DuplicateAbove, 1, LaunchStage::Fork}, {Op::DuplicateAbove, 3, LaunchStage::Fork},
               {Op::DuplicateAbove, 4, LaunchStage::Fork}, {Op::Place, 0, LaunchStage::Fork},
               {Op::Place, 3, LaunchStage::Fork},          {Op::Execute, 0, LaunchStage::Exec}};
  const int socket = open("/dev/null", O_RDONLY | O_CLOEXEC);
  const std::size_t before = open_descriptors();
  LaunchRequest request = sleeper();
  request.passed_sockets = 1;
  for (const auto& c : cases)
    for (const int error : {EMFILE, EAGAIN, ENOMEM}) {
      FaultyProcessOps ops(c.op, error, 1, c.succeed_first);
      const Launched launched = test::launch_and_see(request, {1, 2, {socket}}, ops);
      EXPECT_EQ(launched.failure.stage, c.stage) << to_string(c.op) << " after " << c.succeed_first;
      EXPECT_EQ(launched.failure.error, error) << to_string(c.op) << " after " << c.succeed_first;
      EXPECT_EQ(launched.pid, -1);
      EXPECT_EQ(open_descriptors(), before) << to_string(c.op);
      EXPECT_FALSE(has_children()) << to_string(c.op);
    }
  close(socket);
}

// The client's side: a request that cannot be made is answered, and nothing crosses to the launcher.
TEST(LaunchMisfortune, TheFrontDoorAnswersWhatItCannotAskFor) {
  struct {
    Op op;
    int succeed_first;
  } const cases[] = {{Op::Pipe, 0},      {Op::Pipe, 1},      {Op::MemoryFile, 0}, {Op::Duplicate, 0},
                     {Op::Duplicate, 1}, {Op::Duplicate, 2}};
  const std::size_t before = open_descriptors();
  for (const auto& c : cases)
    for (const int error : {EMFILE, ENFILE, ENOMEM}) {
      asio::io_context control{1};
      int ends[2];
      ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
      FaultyProcessOps ops(c.op, error, 1, c.succeed_first);
      {
        LauncherClient client(control, ends[0], [] {}, ops);
        std::optional<LaunchFailure> failure;
        const int passed = open("/dev/null", O_RDONLY | O_CLOEXEC);
        asio::co_spawn(control, client.launch(sleeper(), {passed}),
                       [&](std::exception_ptr, LauncherClient::LaunchResult result) { failure = result.error(); });
        while (!failure && control.run_one() != 0) {
        }
        ASSERT_TRUE(failure);
        EXPECT_EQ(failure->stage, LaunchStage::Fork);
        EXPECT_EQ(failure->error, error) << to_string(c.op) << " after " << c.succeed_first;
        close(passed);
        fcntl(ends[1], F_SETFL, O_NONBLOCK);
        EXPECT_TRUE(receive_message(ends[1]).empty) << "nothing was asked for";
      }
      close(ends[1]);
    }
  EXPECT_EQ(open_descriptors(), before);
}

// A launcher that did not hear it would keep what it need not; a service manager waits for READY=1.
TEST(LaunchMisfortune, WhatTheFrontDoorSaysIsTriedUntilItIsTaken) {
  using Kind = LauncherMessage::Kind;
  for (const int error : {ENOMEM, ENOBUFS, ETOOMANYREFS}) {
    asio::io_context control{1};
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    const OwnedFd launcher(ends[1]);
    FaultyProcessOps ops(Op::Send, error, 3);
    LauncherClient client(control, ends[0], [] {}, ops);
    EXPECT_TRUE(client.keep("a", {ends[1]}));
    client.notify("READY=1");
    client.drop("b");
    std::vector<LauncherMessage> heard;
    EXPECT_TRUE(test::run_until(control, [&] {
      if (Received next = receive_message(launcher.get()); next.message) heard.push_back(std::move(*next.message));
      return heard.size() == 3;
    }));
    ASSERT_EQ(heard.size(), 3u);
    EXPECT_EQ(heard[0].kind, Kind::Keep);
    EXPECT_EQ(heard[1].name, "READY=1");
    EXPECT_EQ(heard[2].kind, Kind::Drop);
  }
}

// It is lent, and not duplicated.
TEST(LaunchMisfortune, WhatIsKeptTakesNoDescriptorOfItsOwn) {
  asio::io_context control{1};
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
  const OwnedFd launcher(ends[1]);
  FaultyProcessOps ops(Op::Duplicate, EMFILE, 10);
  LauncherClient client(control, ends[0], [] {}, ops);
  EXPECT_TRUE(client.keep("a", {STDIN_FILENO}));
  const Received received = receive_message(launcher.get());
  ASSERT_TRUE(received.message);
  ASSERT_EQ(received.message->fds.size(), 1u);
  EXPECT_TRUE(received.message->fds.front().valid());
  client.drop("b");  // waits for the loop
  EXPECT_FALSE(client.keep("a", {STDIN_FILENO})) << "what had the name before is kept on";
  EXPECT_TRUE(receive_message(launcher.get()).empty);
}

// A launcher that is stopped must not fill this process's memory.
TEST(LaunchMisfortune, OfWhatIsSaidOfAMomentTheLastOneWaits) {
  asio::io_context control{1};
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
  const OwnedFd launcher(ends[1]);
  LauncherClient client(control, ends[0], [] {});
  for (const char* lines : {"STATUS=1", "WATCHDOG=1", "STATUS=2", "WATCHDOG=1", "READY=1\nSTATUS=3", "STATUS=4"}) client.notify(lines);
  std::vector<std::string> heard;
  EXPECT_TRUE(test::run_until(control, [&] {
    if (const Received next = receive_message(launcher.get()); next.message) heard.push_back(next.message->name);
    return heard.size() == 4;
  }));
  EXPECT_EQ(heard, (std::vector<std::string>{"STATUS=2", "WATCHDOG=1", "READY=1\nSTATUS=3", "STATUS=4"}));
}

TEST(LaunchMisfortune, AnOfferThatTheKernelDoesNotTakeIsAnswered) {
  asio::io_context control{1};
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
  LauncherClient client(control, ends[0], [] {});
  LaunchRequest request = sleeper();
  std::optional<LaunchFailure> failure;
  shutdown(ends[0], SHUT_WR);  // EPIPE at once; the reading half lives, so nobody says that the launcher has gone
  asio::co_spawn(control, client.launch(request, {}),
                 [&](std::exception_ptr, LauncherClient::LaunchResult result) { failure = result.error(); });
  close(ends[1]);
  while (!failure && control.run_one() != 0) {
  }
  ASSERT_TRUE(failure);
}

// A descriptor that epoll refuses, as it does when the user has no watches left: its number is watched already.
class Unwatchable {
 public:
  explicit Unwatchable(asio::io_context& control) : watched_(control, ended_pipe("a line\n")) {}
  ~Unwatchable() { watched_.release(); }
  OwnedFd take() { return OwnedFd(watched_.native_handle()); }

 private:
  static int ended_pipe(std::string_view text) {
    int ends[2] = {-1, -1};
    if (pipe2(ends, O_CLOEXEC) != 0) return -1;
    if (write(ends[1], text.data(), text.size()) != static_cast<ssize_t>(text.size())) return -1;
    close(ends[1]);
    return ends[0];
  }
  asio::posix::stream_descriptor watched_;
};

TEST(LaunchMisfortune, AnOutputThatCannotBeWatchedIsToldAndReadAsSoonAsItCan) {
  const std::size_t before = open_descriptors();
  {
    asio::io_context control{1};
    test::CapturedLog log;
    InstanceLogs logs;
    const OwnedFd nowhere(open("/dev/null", O_WRONLY | O_CLOEXEC));
    AppOutput output(control, log.log(), nowhere.get(), {});
    const auto lines = logs.of("app", 1);
    const auto reader = std::make_shared<OutputReader>(control, log.log(), output, logs, lines);
    {
      Unwatchable unwatchable(control);
      reader->follow(4711, unwatchable.take(), {});
      EXPECT_TRUE(log.says("what an instance writes cannot be read")) << log.text();
    }
    EXPECT_TRUE(test::run_until(control, [&] { return lines->recent.last_number() != 0; })) << "or the app would stand still";
    reader->drain();
  }
  EXPECT_EQ(open_descriptors(), before);
}

class WithoutThreads : public ::testing::Test {
 protected:
  WithoutThreads() {
    std::string place = std::filesystem::temp_directory_path() / "no-threads-XXXXXX";
    directory_ = mkdtemp(place.data());
    file_ = directory_ + "/app.log";
  }
  ~WithoutThreads() override { std::filesystem::remove_all(directory_); }
  bool write_until_it_is_there(AppOutput& output, asio::io_context& control, const InstanceLog& from) {
    for (int turn = 0; turn < 10'000 && !std::filesystem::exists(file_); ++turn) {
      PoolOutput& pool = *output.of("app");
      pool.begin({.from = from});
      pool.add("a line", false);
      pool.end();
      control.run_one_for(std::chrono::milliseconds(2));
    }
    return std::filesystem::exists(file_);
  }

  test::CapturedLog log_;
  std::string directory_, file_;
};

TEST_F(WithoutThreads, LogFilesAreToldToBeMissingAndWrittenOnceThereIsOne) {
  asio::io_context control{1};
  InstanceLogs logs;
  AppOutput output(control, log_.log(), open("/dev/null", O_WRONLY | O_CLOEXEC), {});
  config::Config config;
  config.pools.resize(2);
  for (config::Pool& pool : config.pools) pool.process.command = {"app"};
  config.pools[0].name = "app";
  config.pools[0].process.logs.file = file_;
  config.pools[1].name = "other";
  {
    const test::NoThreads none;
    output.apply(config);
    EXPECT_EQ(log_.count("the log files of a pool can not be written"), 1) << log_.text();
    output.apply(config);  // it is not taken for what holds already
    EXPECT_EQ(log_.count("the log files of a pool can not be written"), 2) << log_.text();
  }
  EXPECT_TRUE(write_until_it_is_there(output, control, *logs.of("app", 1))) << "each second it is tried again";
  EXPECT_EQ(log_.count("are written as the config says"), 1) << log_.text();
}

TEST_F(WithoutThreads, AFileWatchLeavesSignalsAndDescriptorsAsTheyWere) {
  const std::size_t before = open_descriptors();
  const test::NoThreads none;
  EXPECT_THROW(FileWatch(WatchPatterns(directory_, {"."}, {}), {}, nullptr), std::system_error);
  sigset_t blocked;
  pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
  EXPECT_EQ(sigismember(&blocked, SIGTERM), 0);
  EXPECT_EQ(open_descriptors(), before);
}

TEST(Detached, TellsOfWhatFailedOrEndsAllOfIt) {
  test::CapturedLog log;
  const auto failure = std::make_exception_ptr(std::runtime_error("no thread"));
  OrTell(log.log(), "a thing")(nullptr);
  EXPECT_EQ(log.text(), "");
  OrTell(log.log(), "a thing")(failure);
  EXPECT_TRUE(log.says(R"("task":"a thing","reason":"no thread")")) << log.text();
  EXPECT_NO_THROW(or_end(nullptr));
  EXPECT_THROW(or_end(failure), std::runtime_error);
}

// Fails twice, then goes on for ever.
class ForgetfulTrigger final : public Trigger {
 public:
  using Trigger::Trigger;
  int begun = 0;

 private:
  asio::awaitable<void> run([[maybe_unused]] std::shared_ptr<Trigger> self) override {
    asio::post(context_.control, [this, kept = shared_from_this()] { timer_.cancel(); });  // the pause is over at once
    if (++begun <= 2) throw std::bad_alloc();
    co_await wait_until(TimePoint::max());
    co_await wait_until(TimePoint::max());
  }
};

TEST(Triggers, OneThatFailsIsToldAndBeginsAgainUntilItIsStopped) {
  asio::io_context control{1};
  test::CapturedLog log;
  InstanceLogs logs;
  test::NoHost host;
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
  const OwnedFd launcher_end(ends[1]);
  LauncherClient launcher(control, ends[0], [] {});
  const OwnedFd nowhere(open("/dev/null", O_WRONLY | O_CLOEXEC));
  AppOutput output(control, log.log(), nowhere.get(), {});
  Supervisor supervisor(control, log.log(), launcher, host, output, logs, 1);
  TriggerContext context{control, log.log(), supervisor, host};
  const auto trigger = std::make_shared<ForgetfulTrigger>(context, "cron_restart", "app");
  trigger->start();
  EXPECT_TRUE(test::run_until(control, [&] { return trigger->begun == 3; })) << log.text();
  EXPECT_TRUE(log.says(R"("task":"cron_restart","reason":"std::bad_alloc")")) << log.text();
  trigger->stop();
  EXPECT_TRUE(test::run_until(control, [&] { return trigger.use_count() == 1; })) << "its coroutine is over";
}

TEST(LaunchMisfortune, APidfdThatCannotBeWatchedIsMadeGoodByTheLaunchersWord) {
  asio::io_context control{1};
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
  const OwnedFd launcher(ends[1]);
  LauncherClient client(control, ends[0], [] {});
  RunningProcess process{.id = 7, .pid = 4711};
  Unwatchable unwatchable(control);
  process.pidfd = unwatchable.take();
  bool gone = false;
  asio::co_spawn(control, client.gone(process), [&](std::exception_ptr) { gone = true; });
  for (int turn = 0; turn < 10; ++turn) control.poll();
  EXPECT_FALSE(gone);
  ASSERT_EQ(send_message(launcher.get(), {.kind = LauncherMessage::Kind::Exited, .id = 7, .code = CLD_EXITED}),
            Sent::Ok);
  while (!gone && control.run_one() != 0) {
  }
  EXPECT_TRUE(gone);
}

TEST(LauncherMessage, ADescriptorThatCouldNotBeHadLeavesItsPlaceEmpty) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
  const OwnedFd ours(ends[0]);
  const OwnedFd theirs(ends[1]);
  LauncherMessage message{.kind = LauncherMessage::Kind::Running, .id = 7};
  message.fds.emplace_back(-1);
  message.fds.emplace_back(dup(1));
  message.fds.emplace_back(-1);
  message.fds.emplace_back(dup(2));
  ASSERT_EQ(send_message(ours.get(), message), Sent::Ok);
  const Received received = receive_message(theirs.get());
  ASSERT_TRUE(received.message);
  ASSERT_EQ(received.message->fds.size(), 4u);
  EXPECT_FALSE(received.message->fds[0].valid());
  EXPECT_TRUE(received.message->fds[1].valid());
  EXPECT_FALSE(received.message->fds[2].valid());
  EXPECT_TRUE(received.message->fds[3].valid());
  EXPECT_FALSE(received.message->lost_fds);
}

// What the other end had not read when it ended is told as a reset, in front of what it has said.
TEST(LauncherMessage, LastWordsAreReadBehindAReset) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
  const OwnedFd ours(ends[0]);
  ASSERT_EQ(send_message(ours.get(), {.kind = LauncherMessage::Kind::HandedOver}), Sent::Ok);
  ASSERT_EQ(send_message(ends[1], {.kind = LauncherMessage::Kind::Stopping}), Sent::Ok);
  close(ends[1]);
  const Received last = receive_message(ours.get());
  ASSERT_TRUE(last.message) << "and not closed";
  EXPECT_EQ(last.message->kind, LauncherMessage::Kind::Stopping);
  EXPECT_TRUE(receive_message(ours.get()).closed);
}

TEST(LauncherMessage, WhatARecipientHasNoRoomForIsToldAsLost) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
  const OwnedFd ours(ends[0]);
  const OwnedFd theirs(ends[1]);
  LauncherMessage message{.kind = LauncherMessage::Kind::Launch, .id = 7};
  message.fds.emplace_back(dup(1));
  message.fds.emplace_back(dup(1));
  ASSERT_EQ(send_message(ours.get(), message), Sent::Ok);
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{0, before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &none);
  const Received received = receive_message(theirs.get());
  setrlimit(RLIMIT_NOFILE, &before);
  ASSERT_TRUE(received.message);
  EXPECT_EQ(received.message->id, 7u);
  EXPECT_TRUE(received.message->lost_fds);
  ASSERT_EQ(received.message->fds.size(), 2u);
  EXPECT_FALSE(received.message->fds[0].valid());
}

// The launcher as a process of its own whose calls fail; this program is its front door, which asks again.
int run_launcher_with(Op op, int error, int times, const std::string& role, int succeed_first) {
  const pid_t pid = fork();
  if (pid == 0) {
    const int quiet = open("/dev/null", O_WRONLY);
    Log log(quiet, LogLevel::Info, LogFormat::Json);
    FaultyProcessOps ops(op, error, times, succeed_first);
    const LauncherOptions options{.front_door = {"supervisor_test", role},
                                  .stop_timeout = std::chrono::milliseconds(500)};
    _exit(run_launcher(options, log, ops));
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

TEST(LauncherMisfortune, AFrontDoorThatCannotBeStartedIsTriedAgain) {
  for (const Op op : {Op::SocketPair, Op::Fork})
    for (const int error : {EMFILE, EAGAIN, ENOMEM})
      EXPECT_EQ(run_launcher_with(op, error, 2, "role:fail-to-start", 0), 0) << to_string(op);
}

TEST(LauncherMisfortune, AnInstanceThatCannotBeStartedIsAnsweredAndTheNextOneRuns) {
  // One fork is the front door's own.
  for (const auto& [op, first] : {std::pair{Op::Fork, 1}, std::pair{Op::Pipe, 0}, std::pair{Op::OpenPidfd, 0}})
    for (const int error : {EMFILE, EAGAIN, ENOMEM})
      EXPECT_EQ(run_launcher_with(op, error, 3, "role:try-until-it-runs", first), 3) << to_string(op);
}

// Whatever the launcher says is waited for, some of it without a bound: what the kernel does not take is said later.
TEST(LauncherMisfortune, WhatTheKernelDoesNotTakeIsSaidLater) {
  // Of what it says at a start (HandedOver), of the launch and of the end.
  for (const int first : {0, 1, 2})
    for (const int error : {ENOMEM, ENOBUFS, ETOOMANYREFS})
      EXPECT_EQ(run_launcher_with(Op::Send, error, 3, "role:try-until-it-runs", first), 0) << first << ' ' << error;
}

// As one with hundreds of instances has, when its soft limit is the usual one.
int run_launcher_with_much_open(const std::string& role) {
  const pid_t pid = fork();
  if (pid == 0) {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    while (fcntl(null, F_DUPFD_CLOEXEC, 3) < 100) {
    }
    limit.rlim_cur = 64;
    setrlimit(RLIMIT_NOFILE, &limit);
    _exit(run_launcher_with(Op::Send, 0, 0, role, 0));
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return status;
}

TEST(LauncherMisfortune, AFrontDoorIsStartedByALauncherThatHasMoreOpenThanThatOneMay) {
  EXPECT_EQ(run_launcher_with_much_open("role:try-until-it-runs"), 0);
}

TEST(LauncherMisfortune, AndHasTheConfigThatServedBeforeItsCrash) {
  EXPECT_EQ(run_launcher_with_much_open("role:keep-config"), 0);
}

// It runs, and its end is known, though nobody could hand over its pidfd.
TEST(LauncherMisfortune, AnInstanceWhosePidfdCannotBeHandedOverIsFollowedAllTheSame) {
  EXPECT_EQ(run_launcher_with(Op::Duplicate, EMFILE, 1, "role:try-until-it-runs", 0), 0);
}

// Without its memo a front door that comes anew does not know it; it is there, and can be ended.
TEST(LauncherMisfortune, WhatCannotBeHandedOverLeavesItsPlaceEmpty) {
  EXPECT_EQ(run_launcher_with(Op::MemoryFile, ENOMEM, 1, "role:adopt-without-memo", 0), 0);
}

}  // namespace
}  // namespace frontdoor
