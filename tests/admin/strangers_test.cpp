// What those without the token cost the others, over TCP.

#include "admin/server.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/quietly.h"
#include "tests/support/captured_log.h"

namespace frontdoor {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kMuchText = 8 << 20;  // more than the kernel keeps of a connection

class AdminStrangers : public ::testing::Test {
 protected:
  void serve(const AdminLimits& limits) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    at_.sin_family = AF_INET;
    at_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at_;
    ASSERT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&at_), size), 0);
    ASSERT_EQ(::listen(listener_, 64), 0);
    ASSERT_EQ(::getsockname(listener_, reinterpret_cast<sockaddr*>(&at_), &size), 0);
    server_ = std::make_unique<AdminServer>(control_, log_.log(), AdminAccess{}, limits);
    server_->route("GET", "/healthz", [](const AdminRequest&, AdminReply& reply) -> asio::awaitable<void> {
      AdminBody body{.text = "well"};
      co_await reply.answer_with(std::move(body));
    });
    server_->route("GET", "/big", [](const AdminRequest&, AdminReply& reply) -> asio::awaitable<void> {
      AdminBody body{.text = std::string(kMuchText, 'x')};
      co_await reply.answer_with(std::move(body));
    });
    server_->route("GET", "/follow", [this](const AdminRequest&, AdminReply& reply) -> asio::awaitable<void> {
      if (!co_await reply.begin("text/plain")) co_return;
      asio::steady_timer until_gone(control_, asio::steady_timer::time_point::max());
      reply.when_gone([&until_gone] { until_gone.cancel(); });
      const std::string first = "first";
      co_await reply.write(first);
      if (!reply.gone()) co_await until_gone.async_wait(quietly);
    });
    server_->start_tcp(listener_, {.token = "0123456789abcdef"});
    thread_ = std::thread([this] { control_.run(); });
  }
  void TearDown() override {
    for (const int fd : clients_) ::close(fd);
    asio::post(control_, [this] { server_->stop(); });
    thread_.join();
    server_.reset();
    ::close(listener_);
  }

  int ask(const std::string& path, bool trusted = false) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int small = 4'096;
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    const timeval patience{20, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&at_), sizeof at_), 0);
    const std::string request = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" +
                                (trusted ? "Authorization: Bearer 0123456789abcdef\r\n" : "") + "\r\n";
    EXPECT_EQ(::send(fd, request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
    clients_.push_back(fd);
    return fd;
  }
  // "200" of the answer; "" when the connection was closed instead.
  static std::string status(int fd) {
    std::array<char, 12> head{};
    const ssize_t size = ::recv(fd, head.data(), head.size(), MSG_WAITALL);
    return size == 12 ? std::string(head.data() + 9, 3) : "";
  }
  // Whether the other end closes it, and not only says nothing.
  static bool is_closed(int fd) {
    std::array<char, 4 * 1024> block;
    for (;;) {
      const ssize_t size = ::recv(fd, block.data(), block.size(), 0);
      if (size <= 0) return size == 0 || errno != EAGAIN;
    }
  }

  asio::io_context control_{1};
  test::CapturedLog log_;
  std::unique_ptr<AdminServer> server_;
  sockaddr_in at_{};
  int listener_ = -1;
  std::vector<int> clients_;
  std::thread thread_;
};

TEST_F(AdminStrangers, SlowReadersTakeNoPlaceOfAHealthCheck) {
  serve({.connections = 4, .streams = 2});
  for (int i = 0; i < 2; ++i) EXPECT_EQ(status(ask("/follow")), "200");
  for (int i = 0; i < 2; ++i) EXPECT_EQ(status(ask("/big")), "200");
  for (int i = 0; i < 8; ++i) EXPECT_EQ(status(ask("/healthz")), "200") << i;
}

TEST_F(AdminStrangers, WhoIsTrustedKeepsItsPlace) {
  serve({.connections = 2, .streams = 2});
  for (int i = 0; i < 2; ++i) EXPECT_EQ(status(ask("/follow", true)), "200");
  EXPECT_EQ(status(ask("/healthz")), "503");
}

TEST_F(AdminStrangers, WhoSendsOnIsNotReadForEver) {
  serve({});
  const int fd = ask("/follow", true);
  EXPECT_EQ(status(fd), "200");
  const std::string more(64 * 1024, 'x');
  [[maybe_unused]] const ssize_t sent = ::send(fd, more.data(), more.size(), MSG_NOSIGNAL);
  EXPECT_TRUE(is_closed(fd));
}

TEST_F(AdminStrangers, WhoIsTrustedFollowsThoughStrangersDo) {
  serve({.streams = 2});
  const int oldest = ask("/follow");
  EXPECT_EQ(status(oldest), "200");
  EXPECT_EQ(status(ask("/follow")), "200");
  EXPECT_EQ(status(ask("/follow")), "503");
  EXPECT_EQ(status(ask("/follow", true)), "200");
  EXPECT_TRUE(is_closed(oldest));
  EXPECT_EQ(status(ask("/follow", true)), "200");
  EXPECT_EQ(status(ask("/follow", true)), "503") << "all are trusted now";
}

}  // namespace
}  // namespace frontdoor
