// What apps say with sd_notify(3), and the socket that they say it to.

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio.hpp>
#include <filesystem>
#include <string>

#include "base/address.h"
#include "supervisor/notify_message.h"
#include "supervisor/instance_notify_socket.h"

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
    std::string place = std::filesystem::temp_directory_path() / "notify-XXXXXX";
    directory_ = ::mkdtemp(place.data());
    path_ = directory_ + "/notify.sock";
    socket_ = std::make_shared<InstanceNotifySocket>(control_, InstanceNotifySocket::bind_at(path_, std::nullopt));
  }
  ~NotifySockets() override {
    socket_->close();
    control_.run();
    std::filesystem::remove_all(directory_);
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
  std::string directory_, path_;
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

}  // namespace
}  // namespace frontdoor
