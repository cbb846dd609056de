#include "base/listening_sockets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
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
