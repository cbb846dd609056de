#include "supervisor/launcher/launch.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/supervisor/launch_and_see.h"
#include "tests/support/temporary_directory.h"

namespace frontdoor {
namespace {

struct Ended {
  LaunchFailure failure;
  int status = -1;  // as waitpid gives it
  std::string output;
};

Ended run(LaunchRequest request, std::vector<int> sockets = {}) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return {};
  request.passed_sockets = static_cast<std::uint32_t>(sockets.size());
  const Launched launched = test::launch_and_see(request, {ends[1], ends[1], std::move(sockets)});
  close(ends[1]);
  Ended ended{launched.failure, -1, {}};
  char block[4096];
  for (ssize_t got = 0; launched.ok() && (got = read(ends[0], block, sizeof block)) > 0;)
    ended.output.append(block, static_cast<std::size_t>(got));
  close(ends[0]);
  if (launched.ok()) {
    waitpid(launched.pid, &ended.status, 0);
    close(launched.pidfd);
  }
  return ended;
}

LaunchRequest shell(const std::string& script) {
  LaunchRequest request;
  request.command = {"sh", "-c", script};
  request.environment = {"PATH=/usr/bin:/bin"};
  return request;
}

TEST(Launch, GivesExactlyTheEnvironmentItWasAskedFor) {
  LaunchRequest request;
  request.command = {"env"};
  request.environment = {"PATH=/usr/bin:/bin", "PORT=7001", "EMPTY="};
  EXPECT_EQ(run(request).output, "PATH=/usr/bin:/bin\nPORT=7001\nEMPTY=\n");
}

TEST(Launch, LeavesNoDescriptorOpenAndNothingToReadOnStandardInput) {
  const int leaked = open("/dev/null", O_RDONLY);  // without close-on-exec, as a careless library would
  const Ended ended = run(shell("cat; ls /proc/self/fd | tr '\\n' ' '"));
  EXPECT_EQ(ended.output, "0 1 2 3 ") << "3 is the directory that ls reads";
  close(leaked);
}

TEST(Launch, SignalsAreAsAProgramExpectsThem) {
  signal(SIGUSR1, SIG_IGN);
  sigset_t blocked, before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  sigprocmask(SIG_BLOCK, &blocked, &before);
  const Ended ended = run(shell("grep -E 'Sig(Blk|Ign)' /proc/self/status | cut -f2 | tr '\\n' ' '"));
  sigprocmask(SIG_SETMASK, &before, nullptr);
  signal(SIGUSR1, SIG_DFL);
  EXPECT_EQ(ended.output, "0000000000000000 0000000000000000 ");
}

TEST(Launch, LeadsASessionOfItsOwn) {
  // Fields 5 and 6 of stat are the process group and the session.
  EXPECT_EQ(run(shell("set -- $(cat /proc/$$/stat); test $5 = $$ -a $6 = $$ && echo own")).output, "own\n");
}

TEST(Launch, FailuresSayWhatFailed) {
  const test::TemporaryDirectory temporary;
  const std::string& directory = temporary.path();
  const std::string plain = directory + "/plain";
  std::ofstream(plain) << "not a program\n";
  const auto with = [](std::string command, std::string where) {
    LaunchRequest request;
    request.command = {std::move(command)};
    request.directory = std::move(where);
    return request;
  };
  struct Case {
    LaunchRequest request;
    LaunchStage stage;
    int error;
  } const cases[] = {
      {with("no-such-command", ""), LaunchStage::Exec, ENOENT},
      {with("/no/such/command", ""), LaunchStage::Exec, ENOENT},
      {with(plain, ""), LaunchStage::Exec, EACCES},
      {with(directory, ""), LaunchStage::Exec, EACCES},
      {with("true", "/no/such/directory"), LaunchStage::Directory, ENOENT},
      {with("true", plain), LaunchStage::Directory, ENOTDIR},
  };
  for (const Case& c : cases) {
    const Ended ended = run(c.request);
    EXPECT_EQ(ended.failure.stage, c.stage) << c.request.command.front() << " in " << c.request.directory;
    EXPECT_EQ(ended.failure.error, c.error) << c.request.command.front() << " in " << c.request.directory;
  }
}

TEST(Launch, AScriptWithoutAnInterpreterIsRunByTheShell) {
  const test::TemporaryDirectory directory;
  const std::string script = directory / "launch_script";
  std::ofstream(script) << "echo \"$0 says $1\"\n";
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  LaunchRequest request;
  request.command = {script, "hello"};
  EXPECT_EQ(run(request).output, script + " says hello\n");
}

TEST(Launch, SetsUmaskLimitsAndDirectory) {
  LaunchRequest request = shell("umask; ulimit -n; pwd");
  request.umask = 027;
  request.limits = {{RLIMIT_NOFILE, 99, 99}};
  request.directory = "/usr";
  EXPECT_EQ(run(request).output, "0027\n99\n/usr\n");
}

TEST(Launch, RunsAsAnotherUserWithThatUsersGroupsOnly) {
  if (getuid() != 0) GTEST_SKIP() << "only root may";
  LaunchRequest request = shell("id -u; id -g; id -G");
  request.identity = ProcessIdentity{65534, 65534, {65534, 100}};
  EXPECT_EQ(run(request).output, "65534\n65534\n65534 100\n");
}

TEST(Launch, PassesListeningSocketsAsSystemdDoes) {
  const int first = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int second = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const Ended ended = run(shell("test \"$LISTEN_PID\" = $$ && echo mine; echo $LISTEN_FDS; cd /proc/$$/fd; "
                                "test -S 3 -a -S 4 -a ! -e 5 && echo two sockets"),
                          {first, second});
  EXPECT_EQ(ended.output, "mine\n2\ntwo sockets\n");
  close(first);
  close(second);
}

TEST(Launch, StandsDescriptorsThatWantEachOthersPlaces) {
  // The child's output is number 0 here, where its standard input has to go.
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const int saved = dup(0);
  dup2(ends[1], 0);
  close(ends[1]);
  const Launched launched = test::launch_and_see(shell("cat; echo out"), {0, 0, {}});
  dup2(saved, 0);
  close(saved);
  ASSERT_TRUE(launched.ok());
  char text[16] = {};
  EXPECT_EQ(read(ends[0], text, sizeof text - 1), 4);
  EXPECT_STREQ(text, "out\n");
  close(ends[0]);
  waitpid(launched.pid, nullptr, 0);
  close(launched.pidfd);
}

// The misfortune of a machine that has nothing left.
TEST(Launch, WithoutDescriptorsItFailsAndSaysSo) {
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{0, before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &none);
  const Launched launched = test::launch_and_see(shell("true"), {1, 2, {}});
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(launched.failure.stage, LaunchStage::Fork);
  EXPECT_EQ(launched.failure.error, EMFILE);
}

}  // namespace
}  // namespace frontdoor
