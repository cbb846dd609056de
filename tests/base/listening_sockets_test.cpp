#include "base/listening_sockets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

namespace frontdoor {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;

TEST(ListeningSockets, AreThoseOfTheTablesThatListen) {
  const std::string v4 =
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
      "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000003 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0\n"
      "   1: 0100007F:1F91 0100007F:A000 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 20 4 30 10 -1\n";
  const auto found = parse_tcp_table(v4);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].at.to_string(), "127.0.0.1:8080");
  EXPECT_EQ(found[0].inode, 4711u);
  EXPECT_EQ(found[0].queued, 3u);

  const std::string v6 =
      "  sl  local_address                         remote_address                        st\n"
      "   0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 "
      "00:00000000 00000000     0        0 4713 1 0 100 0 0 10 0\n"
      "   1: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 "
      "00:00000000 00000000     0        0 4714 1 0 100 0 0 10 0\n";
  const auto found6 = parse_tcp_table(v6);
  ASSERT_EQ(found6.size(), 2u);
  EXPECT_EQ(found6[0].at.to_string(), "[::1]:8080");
  EXPECT_EQ(found6[1].at.to_string(), "[::]:80");

  const auto local = parse_unix_table(
      "Num       RefCount Protocol Flags    Type St Inode Path\n"
      "0000000000000000: 00000002 00000000 00010000 0001 01 4715 /run/a b.sock\n"
      "0000000000000000: 00000003 00000000 00000000 0001 03 4716 /run/b.sock\n"
      "0000000000000000: 00000002 00000000 00010000 0001 01 4717\n");
  ASSERT_EQ(local.size(), 1u);
  EXPECT_EQ(local[0].at.to_string(), "unix:/run/a b.sock");
}

TEST(ListeningSockets, WhatIsNoTableHasNone) {
  for (const char* text : {"", "\n\n", "a b c d e f g h i j", "0: 0100007F 0:0 0A 0:0 0 0 0 0 4711",
                           "0: 0100007F:1F90 0:0 0A 0:x 0 0 0 0 4711", "0: ZZ00007F:1F90 0:0 0A 0:0 0 0 0 0 4711"}) {
    EXPECT_THAT(parse_tcp_table(text), IsEmpty()) << text;
    EXPECT_THAT(parse_unix_table(text), IsEmpty()) << text;
  }
}

TEST(ListeningSockets, MeetWhereOneConnectionCouldGoToEither) {
  const auto at = [](const char* host, std::uint16_t port) { return *Endpoint::numeric(host, port); };
  struct Case {
    Endpoint a, b;
    bool meet;
  };
  const Case cases[] = {
      {at("127.0.0.1", 80), at("127.0.0.1", 80), true},
      {at("127.0.0.1", 80), at("127.0.0.1", 81), false},
      {at("127.0.0.1", 80), at("127.0.0.2", 80), false},
      {at("0.0.0.0", 80), at("127.0.0.2", 80), true},
      {at("::", 80), at("127.0.0.2", 80), true},
      {at("::", 80), at("::1", 81), false},
      {at("::1", 80), at("::1", 80), true},
      {at("::1", 80), at("127.0.0.1", 80), false},
      {at("::ffff:127.0.0.1", 80), at("127.0.0.1", 80), true},
      {Endpoint::unix_path("/a"), Endpoint::unix_path("/a"), false},
      {Endpoint::unix_path("/a"), at("0.0.0.0", 0), false},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(meet(c.a, c.b), c.meet) << c.a.to_string() << " " << c.b.to_string();
    EXPECT_EQ(meet(c.b, c.a), c.meet) << c.a.to_string() << " " << c.b.to_string();
  }
}

TEST(ListeningSockets, OnlyTheseListenWhereNoOtherDoes) {
  const auto listen_at = [](Endpoint& at) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::bind(fd, at.data(), at.size()), 0);
    EXPECT_EQ(::listen(fd, 1), 0);
    socklen_t size = Endpoint::capacity();
    EXPECT_EQ(::getsockname(fd, at.data(), &size), 0);
    return fd;
  };
  const auto inode = [](int fd) {
    struct stat info {};
    EXPECT_EQ(::fstat(fd, &info), 0);
    return std::uint64_t{info.st_ino};
  };
  Endpoint one = *Endpoint::numeric("127.0.0.1", 0);
  const int first = listen_at(one);
  Endpoint two = *Endpoint::numeric("127.0.0.2", one.port());
  const Endpoint every = *Endpoint::numeric("0.0.0.0", one.port());
  EXPECT_FALSE(only_these_listen(two, {inode(first)})) << "nobody does";
  const int second = listen_at(two);
  EXPECT_TRUE(only_these_listen(one, {inode(first)}));
  EXPECT_FALSE(only_these_listen(one, {inode(second)}));
  EXPECT_FALSE(only_these_listen(every, {inode(first)}));
  EXPECT_TRUE(only_these_listen(every, {inode(first), inode(second)}));
  ::close(first);
  ::close(second);
}

TEST(ListeningSockets, OfThisProcess) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  Endpoint at = *Endpoint::numeric("127.0.0.1", 0);
  ASSERT_EQ(::bind(fd, at.data(), at.size()), 0);
  ASSERT_EQ(::listen(fd, 1), 0);
  socklen_t size = Endpoint::capacity();
  ASSERT_EQ(::getsockname(fd, at.data(), &size), 0);
  EXPECT_THAT(listening_sockets({::getpid()}), Contains(::testing::Field(&ListeningSocket::at, at)));
  EXPECT_THAT(processes_listening_on(at.port()), Contains(::getpid()));
  EXPECT_EQ(describe_process(::getpid()), "pid " + std::to_string(::getpid()) + " (base_test)");
  ::close(fd);
  EXPECT_THAT(processes_listening_on(at.port()), IsEmpty());
  EXPECT_THAT(listening_sockets({}), IsEmpty());
}

}  // namespace
}  // namespace frontdoor
