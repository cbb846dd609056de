#include "base/self_connection.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/address.h"

namespace frontdoor {
namespace {

struct LoopbackSocket {
  explicit LoopbackSocket(int family) : fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  ~LoopbackSocket() { ::close(fd); }
  std::uint16_t bind() const {
    Endpoint at = *Endpoint::numeric("127.0.0.1", 0);
    EXPECT_EQ(::bind(fd, at.data(), at.size()), 0);
    socklen_t size = Endpoint::capacity();
    EXPECT_EQ(::getsockname(fd, at.data(), &size), 0);
    return at.port();
  }
  int connect(std::uint16_t port) const {
    const Endpoint to = *Endpoint::numeric("127.0.0.1", port);
    return ::connect(fd, to.data(), to.size());
  }
  const int fd;
};

TEST(ConnectedToItself, IsWhoHasMetNobodyElse) {
  const LoopbackSocket alone(AF_INET);
  const std::uint16_t own = alone.bind();
  ASSERT_EQ(alone.connect(own), 0);
  EXPECT_TRUE(connected_to_itself(alone.fd, own));

  const LoopbackSocket server(AF_INET), client(AF_INET), nobody(AF_INET), local(AF_UNIX);
  const std::uint16_t port = server.bind();
  ASSERT_EQ(::listen(server.fd, 1), 0);
  ASSERT_EQ(client.connect(port), 0);
  EXPECT_FALSE(connected_to_itself(client.fd, port));
  const std::uint16_t unconnected = nobody.bind();
  EXPECT_FALSE(connected_to_itself(nobody.fd, unconnected));
  EXPECT_FALSE(connected_to_itself(local.fd, 0));
}

}  // namespace
}  // namespace frontdoor
