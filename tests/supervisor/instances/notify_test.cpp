// What apps say with sd_notify(3), and the socket that they say it to.

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "base/address.h"
#include "supervisor/instances/instance_notify_socket.h"
#include "supervisor/instances/notify_message.h"
#include "supervisor/instances/socket_directory.h"
#include "tests/support/temporary_directory.h"

namespace frontdoor {
namespace {

TEST(NotifyMessage, IsAListOfAssignments) {
  const struct {
    std::string text;
    NotifyMessage message;
  } cases[] = {
      {"READY=1", {.ready = true}},
      {"READY=1\nSTATUS=Listening on 8080\nMAINPID=412\n",
       {.ready = true, .status = "Listening on 8080", .main_pid = 412}},
      {"STOPPING=1", {.stopping = true}},
      {"RELOADING=1\nMONOTONIC_USEC=123", {.reloading = true}},
      {"EXTEND_TIMEOUT_USEC=5000000", {.extend = Millis(5'000)}},
      {"EXTEND_TIMEOUT_USEC=18446744073709551615", {.extend = Millis(86'400'000)}},
      {"EXTEND_TIMEOUT_USEC=-1", {}},
      {"EXTEND_TIMEOUT_USEC=soon", {}},
      {"READY=0\nREADY\n=1\nREADYY=1\nready=1\n\n", {}},
      {"WATCHDOG=1\nFDSTORE=1\nX=y", {}},
      {"STATUS=", {.status = ""}},
      {"STATUS=a=b\tc\x1b[31m", {.status = "a=b c [31m"}},
      {"STATUS=" + std::string(500, 'x'), {.status = std::string(200, 'x')}},
      {"STATUS=" + std::string(199, 'x') + "\u00fc", {.status = std::string(199, 'x')}},
      {"MAINPID=x", {}},
      {"", {}},
  };
  for (const auto& c : cases) EXPECT_EQ(parse_notify_message(c.text), c.message) << c.text;
}

class NotifySockets : public ::testing::Test {
 protected:
  NotifySockets() {
    socket_ = std::make_shared<InstanceNotifySocket>(control_, InstanceNotifySocket::bind_at(path_, std::nullopt));
  }
  ~NotifySockets() override {
    socket_->close();
    control_.run();
  }

  void listen(bool belongs) {
    socket_->listen({.belongs = [belongs](pid_t, uid_t) { return belongs; },
                     .said = [this](const NotifyMessage& message) { said_.push_back(message); },
                     .stranger = [this](pid_t sender) { strangers_.push_back(sender); },
                     .flooded = [this] { ++floods_; }});
  }
  void send(const std::string& text, int passed = -1) {
    const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const Endpoint to = Endpoint::unix_path(path_);
    iovec part{const_cast<char*>(text.data()), text.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr header{};
    header.msg_name = const_cast<sockaddr*>(to.data());
    header.msg_namelen = to.size();
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    if (passed >= 0) {
      header.msg_control = control;
      header.msg_controllen = sizeof control;
      cmsghdr* const rights = CMSG_FIRSTHDR(&header);
      rights->cmsg_level = SOL_SOCKET;
      rights->cmsg_type = SCM_RIGHTS;
      rights->cmsg_len = CMSG_LEN(sizeof(int));
      std::memcpy(CMSG_DATA(rights), &passed, sizeof passed);
    }
    EXPECT_EQ(::sendmsg(fd, &header, MSG_DONTWAIT), static_cast<ssize_t>(text.size()));
    ::close(fd);
  }
  template <class Condition>
  bool turn_until(Condition condition) {
    for (int turn = 0; turn < 20'000 && !condition(); ++turn) control_.run_one_for(std::chrono::milliseconds(1));
    return condition();
  }

  boost::asio::io_context control_{1};
  const test::TemporaryDirectory temporary_;
  const std::string path_ = temporary_ / "notify.sock";
  std::shared_ptr<InstanceNotifySocket> socket_;
  std::vector<NotifyMessage> said_;
  std::vector<pid_t> strangers_;
  int floods_ = 0;
};

TEST_F(NotifySockets, HearWhoBelongs) {
  listen(true);
  EXPECT_EQ(socket_->path(), path_);
  send("READY=1");
  EXPECT_TRUE(turn_until([&] { return said_.size() == 1; }));
  EXPECT_TRUE(said_.front().ready);
}

TEST_F(NotifySockets, TellOnceOfWhoDoesNot) {
  listen(false);
  send("READY=1");
  send("READY=1");
  EXPECT_TRUE(turn_until([&] { return !strangers_.empty(); }));
  control_.poll();
  EXPECT_EQ(strangers_, std::vector<pid_t>{::getpid()});
  EXPECT_TRUE(said_.empty());
}

// systemd-notify waits until the descriptor that it sends along is closed: all before it has been heard then.
TEST_F(NotifySockets, CloseWhatComesAlong) {
  listen(true);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  send("READY=1");
  send("BARRIER=1", ends[1]);
  ::close(ends[1]);
  EXPECT_TRUE(turn_until([&] { return said_.size() == 2; }));
  char nothing = 0;
  EXPECT_EQ(::read(ends[0], &nothing, 1), 0) << "the other end is closed";
  ::close(ends[0]);
}

TEST_F(NotifySockets, ReadAFloodSlowly) {
  listen(true);
  std::size_t sent = 0;
  EXPECT_TRUE(turn_until([&] {
    send("STATUS=" + std::to_string(++sent));
    turn_until([&] { return said_.size() == sent || floods_ == 1; });
    return floods_ == 1;
  }));
  EXPECT_GE(said_.size(), 50u);
}

// The directory is an app's soon, and another process of its user may put a link in the file's place at any time.
TEST(NotifySocket, FollowsNoLinkWhileItIsMade) {
  namespace fs = std::filesystem;
  std::string place = fs::temp_directory_path() / "notify-XXXXXX";
  const std::string directory = ::mkdtemp(place.data());
  const std::string path = directory + "/notify.sock";
  const std::string target = directory + "/shadow";
  std::ofstream(target) << "x";
  ASSERT_EQ(::chmod(target.c_str(), 0444), 0);
  const bool root = ::geteuid() == 0;
  const ProcessIdentity owner{root ? 65'534 : ::getuid(), root ? 65'534 : ::getgid(), {}};
  std::atomic<bool> over = false;
  std::thread enemy([&] {
    while (!over)
      if (::unlink(path.c_str()) == 0) [[maybe_unused]] const int made = ::symlink(target.c_str(), path.c_str());
  });
  for (int i = 0; i < 3'000; ++i) InstanceNotifySocket::bind_at(path, owner);
  over = true;
  enemy.join();
  struct stat info {};
  EXPECT_EQ(::lstat(target.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0444U);
  EXPECT_EQ(info.st_uid, ::geteuid());
  fs::remove_all(directory);
}

// Given away when the socket is in it and not before.
TEST(NotifySocket, IsItsUsersInADirectoryOfItsUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may";
  namespace fs = std::filesystem;
  std::string place = fs::temp_directory_path() / "notify-XXXXXX";
  ASSERT_NE(::mkdtemp(place.data()), nullptr);
  const ProcessIdentity owner{65'534, 65'534, {}};
  const mode_t before = ::umask(0);
  {
    SocketDirectory directory({place});
    const auto made = directory.make("app.1", std::nullopt);
    const std::string path = made.path + '/' + kNotifySocket;
    const OwnedFd socket = InstanceNotifySocket::bind_at(path, owner);
    EXPECT_TRUE(socket.valid());
    struct stat info {};
    EXPECT_EQ(::stat(made.path.c_str(), &info), 0);
    EXPECT_EQ(info.st_uid, 0U);
    EXPECT_TRUE(SocketDirectory::give(made.path, owner));
    EXPECT_EQ(::stat(made.path.c_str(), &info), 0);
    EXPECT_EQ(info.st_uid, owner.uid);
    EXPECT_EQ(::lstat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_uid, owner.uid);
    EXPECT_EQ(info.st_mode & 07777U, 0600U);
  }
  ::umask(before);
  fs::remove_all(place);
}

}  // namespace
}  // namespace frontdoor
