// Ports of instances: each is one that nobody listens on, is given to one at a time, and comes back.

#include "supervisor/instances/instance_port.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <fstream>
#include <set>
#include <vector>

namespace frontdoor {
namespace {

TEST(InstancePorts, AreBelowThoseOfOutgoingConnections) {
  int first = 32'768;
  std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> first;
  InstancePorts ports;
  for (int i = 0; i < 10; ++i) EXPECT_LT(*ports.take(), first);
}

// Those below take from where no front door does, which may run beside them.

TEST(InstancePorts, NoneIsGivenTwice) {
  InstancePorts ports(19'000, 19'500, 19'123);
  std::set<std::uint16_t> given;
  while (const auto port = ports.take()) EXPECT_TRUE(given.insert(*port).second);
  EXPECT_GT(given.size(), 400u);
}

// As many crash cycles and rolls as there may ever be: what comes back is there to be taken.
TEST(InstancePorts, AreNeverUsedUpByWhatWasGivenBack) {
  InstancePorts ports(19'500, 19'600, 19'599);
  for (int i = 0; i < 20'000; ++i) {
    const auto port = ports.take();
    ASSERT_TRUE(port) << "after " << i;
    ports.give_back(*port);
  }
}

TEST(InstancePorts, OneThatSomebodyListensOnIsLeftToHim) {
  Endpoint place = *Endpoint::numeric("127.0.0.1", 0);
  OwnedFd other(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(bind(other.get(), place.data(), place.size()), 0);
  ASSERT_EQ(listen(other.get(), 1), 0);
  sockaddr_in bound{};
  socklen_t size = sizeof bound;
  ASSERT_EQ(getsockname(other.get(), reinterpret_cast<sockaddr*>(&bound), &size), 0);
  const std::uint16_t port = ntohs(bound.sin_port);
  place = *Endpoint::numeric("127.0.0.1", port);
  InstancePorts ports(port, port + 1, port);
  EXPECT_FALSE(is_free(place));
  EXPECT_FALSE(ports.take());
  EXPECT_FALSE(refuses(place));
  other = OwnedFd{};
  EXPECT_TRUE(refuses(place));
  EXPECT_EQ(ports.take(), port);
}

// Nobody listens yet on what the first has taken: its app has only been started.
TEST(InstancePorts, TwoFrontDoorsThatStartTogetherTakeDifferentOnes) {
  InstancePorts one(20'000, 20'100, 20'000);
  InstancePorts other(20'000, 20'100, 20'000);
  std::set<std::uint16_t> given;
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(given.insert(*one.take()).second);
    EXPECT_TRUE(given.insert(*other.take()).second);
  }
}

TEST(InstancePorts, AReservationEndsWithWhatItIsFor) {
  InstancePorts ports(20'200, 20'250, 20'210);
  const std::uint16_t port = *ports.take();
  EXPECT_TRUE(reserve_port(port).is_others);
  EXPECT_EQ(ports.why_unreserved(), "");
  ports.give_back(port);
  EXPECT_TRUE(reserve_port(port).socket.valid());
  ports.adopt(port, {});
  EXPECT_TRUE(reserve_port(port).is_others);
  const OwnedFd kept(fcntl(ports.reservation(port), F_DUPFD_CLOEXEC, 0));
  ports.let_go_of_reservations();
  EXPECT_EQ(ports.reservation(port), -1);
  EXPECT_TRUE(reserve_port(port).is_others) << "who has a copy has it still";
  while (const auto another = ports.take()) EXPECT_NE(*another, port) << "it is still in use";
}

// Whoever may use this machine may reserve them all. Then a front door does as well as one without reservations.
TEST(InstancePorts, AreTakenWithoutReservationsWhereSomebodyHasThemAll) {
  std::vector<OwnedFd> squatted;
  for (std::uint16_t port = 20'300; port < 20'310; ++port) squatted.push_back(reserve_port(port).socket);
  InstancePorts ports(20'300, 20'310, 20'305);
  std::set<std::uint16_t> given;
  while (const auto port = ports.take()) {
    given.insert(*port);
    EXPECT_EQ(ports.reservation(*port), -1);
    EXPECT_EQ(ports.why_unreserved(), "other processes have reserved every port");
  }
  EXPECT_GT(given.size(), 5u);
}

}  // namespace
}  // namespace frontdoor
