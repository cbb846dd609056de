#include "base/service_manager.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <map>

namespace frontdoor {
namespace {

FromServiceManager read(const std::map<std::string, std::string>& variables) {
  const auto variable = [&](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  };
  return read_service_manager(variable, 42);
}

TEST(ServiceManager, WatchdogIsForTheProcessThatIsNamed) {
  using std::chrono::microseconds;
  EXPECT_EQ(read({}).watchdog, microseconds(0));
  EXPECT_EQ(read({{"WATCHDOG_USEC", "3000000"}}).watchdog, microseconds(3'000'000));
  EXPECT_EQ(read({{"WATCHDOG_USEC", "3000000"}, {"WATCHDOG_PID", "42"}}).watchdog, microseconds(3'000'000));
  EXPECT_EQ(read({{"WATCHDOG_USEC", "3000000"}, {"WATCHDOG_PID", "41"}}).watchdog, microseconds(0));
  EXPECT_EQ(read({{"WATCHDOG_USEC", "7200000000"}}).watchdog, std::chrono::hours(2));
  EXPECT_EQ(read({{"WATCHDOG_USEC", "soon"}}).watchdog, microseconds(0));
  EXPECT_EQ(read({{"WATCHDOG_USEC", "-1"}}).watchdog, microseconds(0));
}

TEST(ServiceManager, SocketsAreForTheProcessThatIsNamed) {
  using Sockets = std::vector<PassedSocket>;
  struct {
    std::map<std::string, std::string> variables;
    Sockets sockets;
  } const cases[] = {
      {{{"LISTEN_PID", "42"}, {"LISTEN_FDS", "2"}, {"LISTEN_FDNAMES", "web:admin"}}, {{"web", 3}, {"admin", 4}}},
      {{{"LISTEN_PID", "42"}, {"LISTEN_FDS", "2"}, {"LISTEN_FDNAMES", "web"}}, {{"web", 3}, {"unknown", 4}}},
      {{{"LISTEN_PID", "42"}, {"LISTEN_FDS", "1"}}, {{"unknown", 3}}},
      {{{"LISTEN_PID", "41"}, {"LISTEN_FDS", "1"}, {"LISTEN_FDNAMES", "web"}}, {}},
      {{{"LISTEN_FDS", "1"}, {"LISTEN_FDNAMES", "web"}}, {}},
      {{{"LISTEN_PID", "42"}, {"LISTEN_FDS", "many"}}, {}},
      {{{"LISTEN_PID", "42"}, {"LISTEN_FDS", "4000000000"}}, {}},
      {{{"LISTEN_PID", "42"}}, {}},
  };
  for (const auto& c : cases) EXPECT_EQ(read(c.variables).sockets, c.sockets);
}

// In a child, since it is about this process's descriptors 3 and 4.
TEST(ServiceManager, TakesHandsOnAndLeavesNothingToChildren) {
  const pid_t child = fork();
  if (child == 0) {
    dup2(1, 3);
    close(4);
    dup2(1, 5);
    setenv("NOTIFY_SOCKET", "/run/notify", 1);
    setenv("WATCHDOG_USEC", "1000000", 1);
    setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
    setenv("LISTEN_FDS", "3", 1);
    setenv("LISTEN_FDNAMES", "web:closed:admin", 1);
    const FromServiceManager given = take_from_service_manager();
    const FromServiceManager expected{"/run/notify", std::chrono::seconds(1), {{"web", 3}, {"admin", 5}}};
    if (given != expected) _exit(1);
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"})
      if (getenv(name)) _exit(2);
    if ((fcntl(3, F_GETFD) & FD_CLOEXEC) == 0) _exit(3);
    hand_on(given);
    if ((fcntl(3, F_GETFD) & FD_CLOEXEC) != 0) _exit(4);
    _exit(take_from_service_manager() == expected ? 0 : 5);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(NotifySocket, SendsToPathsAndAbstractNames) {
  const std::string path = ::testing::TempDir() + "notify-" + std::to_string(getpid());
  const std::string abstract = "@frontdoor-notify-" + std::to_string(getpid());
  for (const std::string& name : {path, abstract}) {
    const int listener = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    ASSERT_EQ(bind(listener, reinterpret_cast<const sockaddr*>(&address), size), 0);
    EXPECT_EQ(NotifySocket(name).send("READY=1"), "");
    char text[32] = {};
    EXPECT_EQ(recv(listener, text, sizeof text, MSG_DONTWAIT), 7);
    EXPECT_STREQ(text, "READY=1");
    close(listener);
  }
  EXPECT_EQ(NotifySocket(path).send("READY=1"), "Connection refused") << "nobody listens any more";
  unlink(path.c_str());
}

TEST(NotifySocket, NobodyWantsToBeToldOrTheNameIsNone) {
  EXPECT_FALSE(NotifySocket("").wanted());
  EXPECT_EQ(NotifySocket("").send("READY=1"), "");
  const std::string reason = "NOTIFY_SOCKET is neither a path nor an abstract name of at most 107 bytes";
  EXPECT_EQ(NotifySocket("vsock:2:1234").send("READY=1"), reason);
  EXPECT_EQ(NotifySocket("/" + std::string(200, 'a')).send("READY=1"), reason);
}

}  // namespace
}  // namespace frontdoor
