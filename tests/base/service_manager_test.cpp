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
#include <string>
#include <vector>

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

// Whoever listens at a path; one at a time.
class Listening {
 public:
  explicit Listening(const std::string& path) : path_(path), fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  ~Listening() {
    close(fd_);
    unlink(path_.c_str());
  }
  std::vector<std::string> heard() const {
    std::vector<std::string> all;
    char text[256];
    for (ssize_t size; (size = recv(fd_, text, sizeof text, MSG_DONTWAIT)) >= 0;) all.emplace_back(text, static_cast<std::size_t>(size));
    return all;
  }

 private:
  const std::string path_;
  const int fd_;
};

TEST(NotifySocket, WhatCouldNotBeSaidIsOwedInItsOrder) {
  const std::string path = ::testing::TempDir() + "notify-owed-" + std::to_string(getpid());
  NotifySocket notify(path);
  for (const char* lines : {"READY=1\nSTATUS=2/2 up", "STATUS=1/2 up", "WATCHDOG=1", "STATUS=2/2 up", "RELOADING=1"})
    EXPECT_NE(notify.send(lines), "");
  EXPECT_TRUE(notify.owes());
  EXPECT_NE(notify.send_owed(), "");
  using All = std::vector<std::string>;
  {
    const Listening listening(path);
    EXPECT_EQ(notify.send_owed(), "");
    EXPECT_EQ(listening.heard(), (All{"READY=1\nSTATUS=2/2 up", "STATUS=2/2 up", "RELOADING=1"}));
    EXPECT_FALSE(notify.owes());
  }
  EXPECT_NE(notify.send("READY=1"), "");
  EXPECT_NE(notify.send("WATCHDOG=1"), "");
  const Listening again(path);
  EXPECT_EQ(notify.send("STOPPING=1"), "");
  EXPECT_EQ(again.heard(), (All{"READY=1", "STOPPING=1"})) << "and no sign of life of another moment";
}

TEST(NotifySocket, OwesNoMoreThanAFewAndTheLastOnes) {
  const std::string path = ::testing::TempDir() + "notify-many-" + std::to_string(getpid());
  NotifySocket notify(path);
  for (int i = 0; i < 1'000; ++i) notify.send("READY=1\nSTATUS=" + std::to_string(i));
  const Listening listening(path);
  std::vector<std::string> heard;
  for (int looks = 0; looks < 100 && notify.owes(); ++looks) {  // its queue may be shorter
    notify.send_owed();
    for (const std::string& each : listening.heard()) heard.push_back(each);
  }
  ASSERT_EQ(heard.size(), 16u);
  EXPECT_EQ(heard.back(), "READY=1\nSTATUS=999");
}

}  // namespace
}  // namespace frontdoor
