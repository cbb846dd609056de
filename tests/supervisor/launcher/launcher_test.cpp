// The launcher as a process of its own, with this program as its front door.

#include "supervisor/launcher/launcher.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/log.h"
#include "supervisor/launcher/process_ops.h"
#include "supervisor/launcher/process_tree.h"
#include "tests/support/temporary_directory.h"

namespace frontdoor {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// As in a directory of a network file system whose server has gone: the child of a launch of "stuck" does not come as far as its
// program.
class StandingStill final : public ProcessOps {
 public:
  int execute(const char* path, char* const* argv, char* const* variables) override {
    if (std::string_view(argv[0]) != "stuck") return ProcessOps::execute(path, argv, variables);
    alarm(60);  // whatever becomes of the test
    for (;;) pause();
  }
};

pid_t start_launcher(const std::string& role, LauncherOptions options = {}, const char* words = "/dev/null") {
  const pid_t pid = fork();
  if (pid != 0) return pid;
  const int quiet = open(words, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  Log log(quiet, LogLevel::Info, LogFormat::Json);
  options.front_door = {"supervisor_test", role};
  options.stop_timeout = std::chrono::milliseconds(500);
  StandingStill ops;
  _exit(run_launcher(options, log, ops));
}

// What a front door of these tests writes, and the launcher's words.
struct TemporaryDirectory {
  TemporaryDirectory() { setenv("TEST_DIRECTORY", path.c_str(), 1); }
  std::string file(const char* name) const { return path + '/' + name; }
  bool has(const char* name) const { return access(file(name).c_str(), F_OK) == 0; }
  std::string words() const {
    std::ifstream in(file("log"));
    return {std::istreambuf_iterator<char>(in), {}};
  }

  const test::TemporaryDirectory made;
  const std::string path = made.path();
};

bool connects(const std::string& path) {
  const Endpoint place = Endpoint::unix_path(path);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool connected = connect(fd, place.data(), place.size()) == 0;
  close(fd);
  return connected;
}

int status_of(pid_t launcher) {
  int status = 0;
  waitpid(launcher, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

int run_launcher(const std::string& role) { return status_of(start_launcher(role)); }

std::size_t with_marker(std::string_view variable) {
  std::size_t count = 0;
  for (const ProcessInfo& process : list_processes())
    if (process.state != 'Z' && started_with(process.pid, variable)) ++count;
  return count;
}

// Waits for something that must come, with a bound only against a test that hangs.
template <class Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 2'000; ++i) {
    if (condition()) return true;
    usleep(5'000);
  }
  return false;
}

TEST(Launcher, AFrontDoorThatCrashesFindsItsInstancesAgain) { EXPECT_EQ(run_launcher("role:adopt-running"), 0); }

TEST(Launcher, AnInstanceThatEndsMeanwhileIsNotForgotten) { EXPECT_EQ(run_launcher("role:adopt-ending"), 0); }

TEST(Launcher, ALaunchThatStandsStillHoldsUpNoOtherAndNoSignal) {
  const TemporaryDirectory directory;
  const pid_t launcher = start_launcher("role:stuck-and-wait");
  const bool told = eventually([&] { return directory.has("told"); });
  EXPECT_TRUE(told) << "of another one's start and end";
  kill(launcher, told ? SIGTERM : SIGKILL);
  EXPECT_EQ(status_of(launcher), 128 + SIGTERM);
}

TEST(Launcher, ALaunchThatStandsStillIsGivenUpInItsTime) {
  LauncherOptions options;
  options.launch_within = std::chrono::milliseconds(100);
  EXPECT_EQ(status_of(start_launcher("role:stuck", options)), 0);
}

TEST(Launcher, AFrontDoorThatCrashesFindsALaunchThatStandsStill) { EXPECT_EQ(run_launcher("role:stuck-and-crash"), 0); }

TEST(Launcher, KeepsDescriptorsOverACrash) { EXPECT_EQ(run_launcher("role:keep"), 0); }

TEST(Launcher, ClientsOfAFrontDoorThatCrashedWaitForTheNextOne) {
  const TemporaryDirectory directory;
  const pid_t launcher = start_launcher("role:listen-and-adopt");
  EXPECT_TRUE(eventually([&] { return connects(directory.file("socket")); }));
  EXPECT_EQ(status_of(launcher), 0);
  EXPECT_FALSE(connects(directory.file("socket"))) << "nobody listens when all have ended";
}

TEST(Launcher, ClientsAreRefusedWhenNoFrontDoorListensAgain) {
  const TemporaryDirectory directory;
  LauncherOptions options;
  options.longest_wait = std::chrono::milliseconds(300);
  const pid_t launcher = start_launcher("role:listen-and-fail", options, directory.file("log").c_str());
  EXPECT_TRUE(eventually([&] { return connects(directory.file("socket")); }));
  EXPECT_TRUE(eventually([&] { return !connects(directory.file("socket")); }));
  EXPECT_THAT(directory.words(), HasSubstr("no front door listens again: clients are refused from now on"));
  // It is tried for as long as an instance runs, however slow this machine is.
  EXPECT_TRUE(eventually(
      [&] { return directory.words().find("the front door could not start and is started anew") != std::string::npos; }));
  kill(launcher, SIGTERM);
  status_of(launcher);
  EXPECT_EQ(with_marker("FRONTDOOR_INSTANCE=launcher-test"), 0u);
}

TEST(Launcher, AnInstanceThatNoFrontDoorHearsIsNotStoppedByItsPipe) {
  for (const char* const role : {"role:unheard", "role:unheard-halves"}) {
    SCOPED_TRACE(role);
    const TemporaryDirectory directory;
    LauncherOptions options;
    options.longest_wait = std::chrono::milliseconds(300);
    const pid_t launcher = start_launcher(role, options, directory.file("log").c_str());
    EXPECT_TRUE(eventually([&] { return directory.has("written"); }));
    EXPECT_THAT(directory.words(), HasSubstr("no front door reads what the instances write: the oldest of it is thrown away"));
    close(creat(directory.file("mended").c_str(), 0600));
    EXPECT_EQ(status_of(launcher), 0) << "the newest is still there for it";
  }
}

TEST(Launcher, ACheckIsNoInstanceThatAFrontDoorWhichCannotStartIsTriedAgainFor) {
  EXPECT_EQ(run_launcher("role:check-and-fail"), 3);
}

TEST(Launcher, AFrontDoorThatDoesNotStopIsKilledAndItsInstancesAreStopped) {
  for (const bool twice : {false, true}) {
    const TemporaryDirectory directory;
    LauncherOptions options;
    options.stop_within = std::chrono::milliseconds(twice ? 600'000 : 100);
    options.at_once = std::chrono::milliseconds(100);
    const pid_t launcher = start_launcher("role:deaf", options, directory.file("log").c_str());
    EXPECT_TRUE(eventually([&] { return directory.has("told"); }));
    kill(launcher, SIGTERM);
    if (twice) kill(launcher, SIGINT);
    EXPECT_EQ(status_of(launcher), 128 + SIGKILL);
    EXPECT_FALSE(directory.has("told")) << "the instance had its stop signal";
    EXPECT_THAT(directory.words(), HasSubstr("the front door does not stop and is killed"));
    EXPECT_EQ(with_marker("FRONTDOOR_INSTANCE=launcher-test"), 0u);
  }
}

TEST(Launcher, AFrontDoorThatStopsByItselfHasTheTimeThatItHasNamed) {
  const TemporaryDirectory directory;
  const pid_t launcher = start_launcher("role:stop-and-hang", {}, directory.file("log").c_str());
  EXPECT_EQ(status_of(launcher), 128 + SIGKILL);
  EXPECT_THAT(directory.words(), HasSubstr("the front door does not stop and is killed"));
}

TEST(Launcher, AFrontDoorThatSomebodyHasStoppedGoesOnToEndInOrder) {
  const pid_t launcher = start_launcher("role:wait");
  std::vector<ProcessInfo> children;
  ASSERT_TRUE(eventually([&] {
    children = descendants(list_processes(), launcher);
    return !children.empty();
  }));
  kill(children.front().pid, SIGSTOP);
  kill(launcher, SIGTERM);
  EXPECT_EQ(status_of(launcher), 128 + SIGTERM);
}

TEST(LauncherUpgrade, ANewFrontDoorHasTheInstancesAndTheOldOneIsDismissed) {
  const TemporaryDirectory directory;
  const pid_t launcher = start_launcher("role:upgrade", {}, directory.file("log").c_str());
  EXPECT_EQ(status_of(launcher), 0);
  EXPECT_THAT(directory.words(), HasSubstr("a new front door starts beside the old one"));
  EXPECT_THAT(directory.words(), HasSubstr("the old front door has left"));
}

TEST(LauncherUpgrade, OneThatEndsOrHangsLeavesTheOldOneItsInstances) {
  EXPECT_EQ(run_launcher("role:upgrade-ends"), 0);
  EXPECT_EQ(run_launcher("role:upgrade-hangs"), 0);
}

TEST(LauncherUpgrade, OneThatDiesWithTheInstancesLeavesThemToTheOldOne) {
  const TemporaryDirectory directory;
  const pid_t launcher = start_launcher("role:upgrade-dies", {}, directory.file("log").c_str());
  EXPECT_EQ(status_of(launcher), 0);
  EXPECT_THAT(directory.words(), HasSubstr("the new front door ended before it served: the old one has the instances again"));
  EXPECT_EQ(with_marker("FRONTDOOR_INSTANCE=launcher-test"), 0u);
}

TEST(LauncherUpgrade, WhenBothHaveDiedTheNextOneIsAsTheFirst) {
  const TemporaryDirectory directory;
  EXPECT_EQ(run_launcher("role:upgrade-both-die"), 0);
}

TEST(LauncherUpgrade, InstancesOutliveAnOldOneThatCrashesAndNewOnesThatDoNotStart) {
  const TemporaryDirectory directory;
  const pid_t launcher = start_launcher("role:upgrade-crashes", {}, directory.file("log").c_str());
  EXPECT_EQ(status_of(launcher), 0);
  EXPECT_THAT(directory.words(), HasSubstr("the front door ended while a new one starts"));
  EXPECT_THAT(directory.words(), HasSubstr("the front door could not start and is started anew"));
}

TEST(LauncherUpgrade, AnOldOneThatIsStoppedIsFollowedByNobodyThoughItsWordIsReadBehindItsEnd) {
  const TemporaryDirectory directory;
  const pid_t launcher = start_launcher("role:upgrade-stops", {}, directory.file("log").c_str());
  ASSERT_TRUE(eventually([&] { return directory.has("beside"); }));
  pid_t old = 0;
  std::ifstream(directory.file("old")) >> old;
  kill(launcher, SIGSTOP);
  close(creat(directory.file("go").c_str(), 0600));
  EXPECT_TRUE(eventually([&] {
    const auto found = read_process(old);
    return found && found->state == 'Z';
  }));
  kill(launcher, SIGCONT);
  EXPECT_EQ(status_of(launcher), 0);
  EXPECT_THAT(directory.words(), Not(HasSubstr("which takes its place")));
}

TEST(LauncherUpgrade, AnInstanceIsNotStoppedByItsPipeWhileTheNewOneHangs) {
  for (const char* const role : {"role:upgrade-unheard", "role:upgrade-crash-unheard"}) {
    SCOPED_TRACE(role);
    const TemporaryDirectory directory;
    LauncherOptions options;
    options.longest_wait = std::chrono::milliseconds(300);
    const pid_t launcher = start_launcher(role, options, directory.file("log").c_str());
    EXPECT_TRUE(eventually([&] { return directory.has("written"); }));
    EXPECT_THAT(directory.words(), HasSubstr("no front door reads what the instances write: the oldest of it is thrown away"));
    kill(launcher, SIGTERM);
    status_of(launcher);
    EXPECT_EQ(with_marker("FRONTDOOR_INSTANCE=launcher-test"), 0u);
  }
}

TEST(LauncherUpgrade, TheWatchdogHearsOfTheOldOneUntilTheNewOneServes) {
  const TemporaryDirectory directory;
  LauncherOptions options;
  options.given.notify_socket = directory.file("notify");
  const Endpoint place = Endpoint::unix_path(options.given.notify_socket);
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(bind(socket, place.data(), place.size()), 0);
  const timeval patience{10, 0};
  setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const pid_t launcher = start_launcher("role:upgrade-watched", options);
  char words[256];
  const ssize_t size = recv(socket, words, sizeof words, 0);
  EXPECT_EQ(std::string(words, size > 0 ? static_cast<std::size_t>(size) : 0), "WATCHDOG=1");
  close(creat(directory.file("heard").c_str(), 0600));
  EXPECT_EQ(status_of(launcher), 0);
  close(socket);
}

TEST(LauncherUpgrade, TheOldOneDrainsAsLongAsItsOwnConfigSays) {
  const TemporaryDirectory directory;
  const pid_t launcher = start_launcher("role:upgrade-drains", {}, directory.file("log").c_str());
  EXPECT_EQ(status_of(launcher), 0);
  EXPECT_THAT(directory.words(), HasSubstr("the old front door has left"));
}

TEST(Launcher, WhatItStartsIsNoLauncher) {
  setenv(kRoleVariable, "launcher", 1);
  setenv(kLauncherStateVariable, "9", 1);
  EXPECT_EQ(run_launcher("role:no-launcher"), 0);
  unsetenv(kRoleVariable);
  unsetenv(kLauncherStateVariable);
}

TEST(Launcher, SaysWhyACommandCouldNotBeStarted) { EXPECT_EQ(run_launcher("role:fail-to-start"), 0); }

TEST(Launcher, EndsWithTheFrontDoorsStatusAndLeavesNothing) {
  EXPECT_EQ(run_launcher("role:leave"), 7);
  EXPECT_EQ(with_marker("FRONTDOOR_INSTANCE=launcher-test"), 0u)
      << "a child in a session of its own counts, too";
}

TEST(Launcher, LeavesWhatAnAppHasAskedToBeLeft) {
  EXPECT_EQ(run_launcher("role:leave-on-purpose"), 7);
  // While it executes its program, the kernel shows no environment.
  EXPECT_TRUE(eventually([] { return with_marker("FRONTDOOR_KILL_MODE=process") == 1; }));
  for (const ProcessInfo& process : list_processes())
    if (started_with(process.pid, "FRONTDOOR_KILL_MODE=process")) signal_process(process, SIGKILL);
}

TEST(Launcher, PassesSignalsOn) {
  const pid_t launcher = start_launcher("role:wait");
  ASSERT_TRUE(eventually([&] { return !descendants(list_processes(), launcher).empty(); }));
  kill(launcher, SIGTERM);
  EXPECT_EQ(status_of(launcher), 128 + SIGTERM) << "the front door of this test does not handle it";
}

TEST(Launcher, TheFrontDoorLearnsThatItsLauncherIsGone) {
  const pid_t launcher = start_launcher("role:wait");
  std::vector<ProcessInfo> children;
  ASSERT_TRUE(eventually([&] {
    children = descendants(list_processes(), launcher);
    return !children.empty();
  }));
  kill(launcher, SIGKILL);
  EXPECT_EQ(status_of(launcher), 1000 + SIGKILL);
  EXPECT_TRUE(eventually([&] { return !signal_process(children.front(), 0); }));
}

}  // namespace
}  // namespace frontdoor
