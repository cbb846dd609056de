// A Transport whose other end is a plain socket in the test's hand: over a unix pair or over TCP on loopback.

#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "loop/transport.h"
#include "support/counting_socket_ops.h"
#include "support/fake_time.h"

namespace frontdoor::testing {

enum class Link { UnixPair, Tcp };

class Wire {
 public:
  explicit Wire(Link link = Link::UnixPair) {
    int fds[2] = {-1, -1};
    if (link == Link::UnixPair) {
      EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    } else {
      connect_over_loopback(fds);
    }
    peer_ = fds[1];
    ops.open_descriptors = 1;
    EXPECT_TRUE(transport.adopt(fds[0]));
    turn();
  }
  ~Wire() { close_peer(); }

  void turn() { loop.run_once(Millis{0}); }
  // Until the kernel has told what the test waits for; TCP takes its time even on loopback.
  template <class Condition>
  bool turn_until(Condition&& reached) {
    const auto latest = Clock::now() + std::chrono::seconds(5);
    do {
      if (reached()) return true;
      loop.run_once(Millis{1});
    } while (Clock::now() < latest);
    return false;
  }

  int peer() const { return peer_; }
  void peer_sends(std::string_view bytes) {
    ASSERT_EQ(::send(peer_, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  std::string peer_receives() {
    std::string out;
    std::array<char, 65536> buffer;
    for (ssize_t n = 0; (n = ::recv(peer_, buffer.data(), buffer.size(), MSG_DONTWAIT)) > 0;)
      out.append(buffer.data(), static_cast<std::size_t>(n));
    return out;
  }
  void peer_finishes() { ::shutdown(peer_, SHUT_WR); }
  void close_peer() {
    if (peer_ >= 0) ::close(std::exchange(peer_, -1));
  }
  void reset_peer() {
    const linger now{1, 0};
    ::setsockopt(peer_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close_peer();
  }

  FakeTime time;
  CountingSocketOps ops;
  EventLoop loop{time, ops};
  Transport transport{loop};

 private:
  static void connect_over_loopback(int (&fds)[2]) {
    const int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    Endpoint at = *Endpoint::numeric("127.0.0.1", 0);
    EXPECT_EQ(::bind(listening, at.data(), at.size()), 0);
    EXPECT_EQ(::listen(listening, 1), 0);
    socklen_t size = Endpoint::capacity();
    ::getsockname(listening, at.data(), &size);
    at.resize(size);
    fds[1] = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::connect(fds[1], at.data(), at.size()), 0);
    fds[0] = ::accept4(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    ::close(listening);
  }

  int peer_ = -1;
};

}  // namespace frontdoor::testing
