// The last clients of a listener that accepts nobody any more, when more come than are taken.

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "balancer/snapshot.h"
#include "proxy/server/listen_socket.h"
#include "proxy/server/worker.h"
#include "support/fake_time.h"

namespace frontdoor::testing {
namespace {

// Whoever is to be accepted has gone already, and there are always more.
class VanishingClients final : public SocketOps {
 public:
  std::uint64_t accepts = 0;

  int open(int family) override { return kernel_.open(family); }
  int connect(int fd, const Endpoint& to) override { return kernel_.connect(fd, to); }
  int accept(int, Endpoint&) override {
    ++accepts;
    errno = ECONNABORTED;
    return -1;
  }
  ssize_t receive(int fd, char* into, std::size_t room, int flags) override { return kernel_.receive(fd, into, room, flags); }
  ssize_t send(int fd, const iovec* parts, std::size_t count) override { return kernel_.send(fd, parts, count); }
  int shutdown_write(int fd) override { return kernel_.shutdown_write(fd); }
  void close(int fd) override { kernel_.close(fd); }

 private:
  KernelSocketOps kernel_;
};

struct NoWitness final : UpstreamWitness {
  void upstream_refused(const std::shared_ptr<Upstream>&, const std::string&) override {}
};

TEST(AcceptRest, AFloodDoesNotKeepItAccepting) {
  FakeTime time;
  VanishingClients ops;
  NoWitness witness;
  UpstreamRegistry registry(1);
  const WorkerEnvironment environment{time, ops, witness, nullptr, nullptr, nullptr, http::LoopMark{}};
  Worker worker(environment, 0, registry.build(config::Config{}));
  config::Listener listener;
  AddressError error;
  listener.address = *parse_address("127.0.0.1:0", error);
  const auto sockets = open_listen_sockets(listener.address, 1);
  ASSERT_EQ(sockets.fds.size(), 1u) << sockets.error;
  worker.order({.id = 1,
                .fd = sockets.fds.front(),
                .settings = std::make_shared<const Listener::Settings>(Listener::Settings::of(listener, 100))});
  worker.run_once(Millis{0});

  const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::connect(client, sockets.bound.data(), sockets.bound.size()), 0);
  worker.stop_accepting();
  for (int turn = 0; turn < 10 && worker.accepting(); ++turn) worker.run_once(Millis{0});
  EXPECT_FALSE(worker.accepting());
  EXPECT_GT(ops.accepts, 1u);
  EXPECT_LE(ops.accepts, 2U * kListenBacklog);
  ::close(client);
}

}  // namespace
}  // namespace frontdoor::testing
