// Whoever asks the admin server and does not read, or reads a byte now and then: costs a place for a moment, and keeps
// nobody out.

#include "admin/server.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <thread>

#include "base/address.h"

namespace frontdoor {
namespace {

class AdminServerReaders : public ::testing::Test {
 protected:
  void serve(AdminLimits limits) {
    char name[] = "/tmp/frontdoor-admin-XXXXXX";
    directory_ = ::mkdtemp(name);
    const Endpoint endpoint = Endpoint::unix_path(directory_ + "/admin.sock");
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    ASSERT_EQ(::bind(listener_, endpoint.data(), endpoint.size()), 0);
    ASSERT_EQ(::listen(listener_, 100), 0);
    server_ = std::make_unique<AdminServer>(control_, log_, AdminAccess{::geteuid(), {}, ""}, limits);
    server_->route("GET", "/large", [](const AdminRequest&, AdminReply& reply) -> boost::asio::awaitable<void> {
      AdminBody body{.text = std::string(std::size_t{8} << 20, 'x')};
      co_await reply.answer_with(std::move(body));
    });
    server_->route("GET", "/small", [](const AdminRequest&, AdminReply& reply) -> boost::asio::awaitable<void> {
      AdminBody body{.text = "ok"};
      co_await reply.answer_with(std::move(body));
    });
    server_->start(listener_);
    thread_ = std::thread([this] { control_.run(); });
  }

  void TearDown() override {
    control_.stop();
    if (thread_.joinable()) thread_.join();
    server_.reset();
    ::close(listener_);
    ::unlink((directory_ + "/admin.sock").c_str());
    ::rmdir(directory_.c_str());
  }

  // A client that has asked.
  int ask(const std::string& path) const {
    const Endpoint endpoint = Endpoint::unix_path(directory_ + "/admin.sock");
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::connect(fd, endpoint.data(), endpoint.size()), 0);
    const timeval patience{20, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const std::string head = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    // Who finds no place may have its answer, and nobody who would read this any more.
    EXPECT_TRUE(::send(fd, head.data(), head.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(head.size()) || errno == EPIPE);
    return fd;
  }

  static std::string status_line(int fd) {
    char line[12]{};
    const ssize_t size = ::recv(fd, line, sizeof line, MSG_WAITALL);
    return size > 0 ? std::string(line, static_cast<std::size_t>(size)) : "";
  }

  std::string answer_of_small() const {
    const int fd = ask("/small");
    const std::string line = status_line(fd);
    ::close(fd);
    return line;
  }

  boost::asio::io_context control_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{control_.get_executor()};
  Log log_{STDERR_FILENO, LogLevel::Error, LogFormat::Text};
  std::string directory_;
  int listener_ = -1;
  std::unique_ptr<AdminServer> server_;
  std::thread thread_;
};

TEST_F(AdminServerReaders, WhoDoesNotReadMakesRoomForWhoDoes) {
  serve({.connections = 3, .write = Millis{600'000}, .least_bytes_per_second = 1});
  int stuck[3];
  for (int& fd : stuck) {
    fd = ask("/large");
    EXPECT_EQ(status_line(fd), "HTTP/1.1 200");  // it has its place, and reads no further
  }
  const auto latest = Clock::now() + Millis{20'000};
  std::string line;
  while ((line = answer_of_small()) != "HTTP/1.1 200" && Clock::now() < latest) {
    EXPECT_EQ(line, "HTTP/1.1 503");
    std::this_thread::sleep_for(Millis{50});
  }
  EXPECT_EQ(line, "HTTP/1.1 200");
  for (const int fd : stuck) ::close(fd);
}

TEST_F(AdminServerReaders, WhoReadsAByteNowAndThenIsGoneInTheEnd) {
  serve({.write = Millis{300}, .least_bytes_per_second = std::size_t{1} << 30});
  const int fd = ask("/large");
  std::size_t taken = 0;
  char block[4'096];
  const auto latest = Clock::now() + Millis{20'000};
  for (; Clock::now() < latest; std::this_thread::sleep_for(Millis{20})) {
    const ssize_t size = ::recv(fd, block, sizeof block, 0);
    if (size <= 0) break;
    taken += static_cast<std::size_t>(size);
  }
  EXPECT_LT(Clock::now(), latest);
  EXPECT_LT(taken, std::size_t{8} << 20);
  ::close(fd);
}

}  // namespace
}  // namespace frontdoor
