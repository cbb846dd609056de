// Opening listeners, and naming who already has the port.

#include "proxy/server/listen_socket.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <string>

#include "proxy/server/port_holder.h"

namespace frontdoor {
namespace {

using ::testing::HasSubstr;

Address tcp(std::uint16_t port) { return {Address::Kind::Tcp, "127.0.0.1", port}; }
Address unix_path(const std::string& path) { return {Address::Kind::Unix, path, 0}; }

// Closes what was opened.
struct Opened : ListenSockets {
  explicit Opened(const Address& address, unsigned count = 1)
      : ListenSockets(open_listen_sockets(address, count)) {}
  ~Opened() {
    for (const int fd : fds) ::close(fd);
  }
};

bool connects(const Endpoint& to) {
  const int fd = ::socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool connected = ::connect(fd, to.data(), to.size()) == 0;
  ::close(fd);
  return connected;
}

std::string fresh_path() {
  static int number = 0;
  return ::testing::TempDir() + "listen-" + std::to_string(::getpid()) + "-" + std::to_string(++number);
}

const std::string kMyself = "pid " + std::to_string(::getpid()) + " ";

TEST(ListenSocket, PortZeroBecomesOnePortForAllWorkers) {
  const Opened opened(tcp(0), 3);
  EXPECT_EQ(opened.error, "");
  ASSERT_EQ(opened.fds.size(), 3u);
  EXPECT_NE(opened.bound.port(), 0);
  for (const int fd : opened.fds) {
    Endpoint own;
    socklen_t size = Endpoint::capacity();
    ASSERT_EQ(::getsockname(fd, own.data(), &size), 0);
    own.resize(size);
    EXPECT_EQ(own.port(), opened.bound.port());
  }
  EXPECT_TRUE(connects(opened.bound));
}

TEST(ListenSocket, WhatIsAcceptedSendsAtOnceAndTheKernelQueuesLittleForAClientThatDoesNotRead) {
  const Opened opened(tcp(0));
  const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::connect(client, opened.bound.data(), opened.bound.size()), 0);
  const int accepted = ::accept4(opened.fds.front(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  ASSERT_GE(accepted, 0);
  int unsent = 0;
  socklen_t size = sizeof unsent;
  EXPECT_EQ(::getsockopt(accepted, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, &size), 0);
  EXPECT_EQ(unsent, 64 * 1024) << "inherited";
  int no_delay = 0;
  size = sizeof no_delay;
  EXPECT_EQ(::getsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &no_delay, &size), 0);
  EXPECT_EQ(no_delay, 1) << "inherited, which spares a call for each connection";
  ::close(accepted);
  ::close(client);
}

TEST(ListenSocket, AnAddressInUseNamesItsHolder) {
  const Opened first(tcp(0), 2);
  const Opened second(tcp(first.bound.port()));
  EXPECT_TRUE(second.fds.empty());
  EXPECT_THAT(second.error, HasSubstr("address in use by " + kMyself));
  EXPECT_THAT(second.error, HasSubstr(tcp(first.bound.port()).to_string()));
}

// Whoever holds it is this process, which says that it drains.
struct Leaving {
  Leaving() {
    ::prctl(PR_GET_NAME, before.data());
    say_that_we_leave();
  }
  ~Leaving() { ::prctl(PR_SET_NAME, before.data()); }
  std::array<char, 16> before{};
};

TEST(ListenSocket, ThePortOfOneThatLeavesIsShared) {
  const Opened old(tcp(0), 2);
  const Leaving leaving;
  const Opened successor(tcp(old.bound.port()), 2);
  EXPECT_EQ(successor.error, "");
  EXPECT_EQ(successor.bound.port(), old.bound.port());
}

TEST(ListenSocket, TheSocketFileOfOneThatLeavesIsReplaced) {
  const std::string path = fresh_path();
  const Opened old(unix_path(path));
  const Leaving leaving;
  const Opened successor(unix_path(path));
  EXPECT_EQ(successor.error, "");
  remove_socket_file(old.file);
  EXPECT_TRUE(connects(successor.bound)) << "the old one's end does not take it away";
  ::unlink(path.c_str());
}

TEST(ListenSocket, EveryInterfaceIsTheEmptyHost) {
  const Opened opened(Address{Address::Kind::Tcp, "", 0});
  EXPECT_EQ(opened.error, "");
  EXPECT_TRUE(connects(*Endpoint::numeric("127.0.0.1", opened.bound.port())));
}

TEST(ListenSocket, ANameThatDoesNotResolveSaysSo) {
  const Opened opened(Address{Address::Kind::Tcp, "no such name", 0});
  EXPECT_THAT(opened.error, HasSubstr("does not resolve"));
}

TEST(ListenSocket, AUnixPathIsOneSocketForAllWorkers) {
  const std::string path = fresh_path();
  {
    const Opened opened(unix_path(path), 3);
    EXPECT_EQ(opened.error, "");
    EXPECT_EQ(opened.fds.size(), 3u);
    EXPECT_TRUE(connects(opened.bound));
  }
  ::unlink(path.c_str());
}

TEST(ListenSocket, ASocketFileIsRemovedByWhomItBelongsTo) {
  const std::string path = fresh_path();
  const Opened old(unix_path(path));
  ::unlink(path.c_str());  // an operator's, so that the successor can have its place
  {
    const Opened successor(unix_path(path));
    ASSERT_EQ(successor.error, "");
    remove_socket_file(old.file);
    EXPECT_TRUE(connects(successor.bound)) << "still the successor's";
    remove_socket_file(successor.file);
    EXPECT_NE(::access(path.c_str(), F_OK), 0);
  }
  remove_socket_file(old.file);  // nothing is there
}

TEST(ListenSocket, AStaleSocketFileIsReplacedALiveOneIsNot) {
  const std::string path = fresh_path();
  { const Opened dead(unix_path(path)); }  // closed: the file stays
  ASSERT_EQ(::access(path.c_str(), F_OK), 0);
  {
    const Opened live(unix_path(path));
    ASSERT_EQ(live.error, "");
    const Opened second(unix_path(path));
    EXPECT_TRUE(second.fds.empty());
    EXPECT_THAT(second.error, HasSubstr("in use"));
    EXPECT_TRUE(connects(live.bound)) << "and still serves";
  }
  ::unlink(path.c_str());
}

TEST(ListenSocket, AFileThatIsNoSocketIsLeftAlone) {
  const std::string path = fresh_path();
  std::ofstream(path) << "precious";
  const Opened opened(unix_path(path));
  EXPECT_TRUE(opened.fds.empty());
  EXPECT_NE(opened.error, "");
  std::string kept;
  std::ifstream(path) >> kept;
  EXPECT_EQ(kept, "precious");
  ::unlink(path.c_str());
}

TEST(ListenSocket, AFailureLeavesNoDescriptorBehind) {
  const Opened first(tcp(0));
  const int before = ::dup(0);
  ::close(before);
  for (int i = 0; i < 3; ++i) Opened(tcp(first.bound.port()));
  Opened(unix_path("/no/such/directory/socket"));
  const int after = ::dup(0);
  ::close(after);
  EXPECT_EQ(after, before);
}

TEST(PortHolder, NamesTheProcessThatListens) {
  const Opened opened(tcp(0));
  EXPECT_THAT(describe_port_holder(opened.bound.port()), ::testing::StartsWith(kMyself));
}

TEST(PortHolder, SaysNothingOfAPortWhereNobodyListens) {
  std::uint16_t port = 0;
  {
    const Opened opened(tcp(0));
    port = opened.bound.port();
  }
  EXPECT_EQ(describe_port_holder(port), "");
}

}  // namespace
}  // namespace frontdoor
