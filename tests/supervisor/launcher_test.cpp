// The launcher as a process of its own, with this program as its front door.

#include "supervisor/launcher.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "base/log.h"
#include "supervisor/process_tree.h"

namespace frontdoor {
namespace {

pid_t start_launcher(const std::string& role) {
  const pid_t pid = fork();
  if (pid != 0) return pid;
  const int quiet = open("/dev/null", O_WRONLY);
  Log log(quiet, LogLevel::Info, LogFormat::Json);
  const LauncherOptions options{.front_door = {"supervisor_test", role},
                                .stop_timeout = std::chrono::milliseconds(500)};
  _exit(run_launcher(options, log));
}

int status_of(pid_t launcher) {
  int status = 0;
  waitpid(launcher, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

int run(const std::string& role) { return status_of(start_launcher(role)); }

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

TEST(Launcher, AFrontDoorThatCrashesFindsItsInstancesAgain) { EXPECT_EQ(run("role:adopt-running"), 0); }

TEST(Launcher, AnInstanceThatEndsMeanwhileIsNotForgotten) { EXPECT_EQ(run("role:adopt-ending"), 0); }

TEST(Launcher, KeepsDescriptorsOverACrash) { EXPECT_EQ(run("role:keep"), 0); }

TEST(Launcher, SaysWhyACommandCouldNotBeStarted) { EXPECT_EQ(run("role:fail-to-start"), 0); }

TEST(Launcher, EndsWithTheFrontDoorsStatusAndLeavesNothing) {
  EXPECT_EQ(run("role:leave"), 7);
  EXPECT_EQ(with_marker("FRONTDOOR_INSTANCE=launcher-test"), 0u)
      << "a child in a session of its own counts, too";
}

TEST(Launcher, LeavesWhatAnAppHasAskedToBeLeft) {
  EXPECT_EQ(run("role:leave-on-purpose"), 7);
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
