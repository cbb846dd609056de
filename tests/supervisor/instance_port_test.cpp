// Ports of instances: each is one that nobody listens on, is given to one at a time, and comes back.

#include "supervisor/instance_port.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <set>

namespace frontdoor {
namespace {

TEST(InstancePorts, AreBelowThoseOfOutgoingConnections) {
  int first = 32'768;
  std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> first;
  InstancePorts ports;
  for (int i = 0; i < 100; ++i) EXPECT_LT(*ports.take(), first);
}

TEST(InstancePorts, NoneIsGivenTwice) {
  InstancePorts ports;
  std::set<std::uint16_t> given;
  for (int i = 0; i < 500; ++i) EXPECT_TRUE(given.insert(*ports.take()).second);
}

// As many crash cycles and rolls as there may ever be: what comes back is there to be taken.
TEST(InstancePorts, AreNeverUsedUpByWhatWasGivenBack) {
  InstancePorts ports;
  for (int i = 0; i < 20'000; ++i) {
    const auto port = ports.take();
    ASSERT_TRUE(port) << "after " << i;
    ports.give_back(*port);
  }
}

TEST(InstancePorts, OneThatSomebodyListensOnIsLeftToHim) {
  InstancePorts ports;
  const std::uint16_t port = *ports.take();
  const Endpoint place = *Endpoint::numeric("127.0.0.1", port);
  const int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(bind(other, place.data(), place.size()), 0);
  ASSERT_EQ(listen(other, 1), 0);
  ports.give_back(port);
  EXPECT_FALSE(is_free(place));
  std::set<std::uint16_t> given;
  while (const auto next = ports.take()) given.insert(*next);  // all that there are
  EXPECT_FALSE(given.contains(port));
  EXPECT_GT(given.size(), 1'000u);
  close(other);
}

}  // namespace
}  // namespace frontdoor
