#include "cli/free_port.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <random>

namespace frontdoor::cli {
namespace {

// The lower end of net.ipv4.ip_local_port_range.
std::uint16_t first_ephemeral_port() {
  std::ifstream range("/proc/sys/net/ipv4/ip_local_port_range");
  int first = 0;
  const bool plausible = range >> first && first > 2048 && first < 65536;
  return static_cast<std::uint16_t>(plausible ? first : 32768);
}

}  // namespace

bool is_free(const Endpoint& endpoint) {
  const int fd = socket(endpoint.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  // Connections of an earlier run that linger in TIME_WAIT do not make a port taken; one that listens does.
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool free = bind(fd, endpoint.data(), endpoint.size()) == 0 && listen(fd, 1) == 0;
  close(fd);
  return free;
}

std::vector<std::uint16_t> free_instance_ports(std::size_t count) {
  const std::uint16_t end = first_ephemeral_port();
  const auto first = static_cast<std::uint16_t>(std::max(1024, end - 8192));
  std::vector<std::uint16_t> ports;
  // From a random place, so that two demos started together rarely want the same ones.
  std::random_device random;
  auto port = std::uniform_int_distribution<int>(first, end - 1)(random);
  for (int tried = first; tried < end && ports.size() < count; ++tried) {
    const auto candidate = static_cast<std::uint16_t>(port);
    if (is_free(*Endpoint::numeric("127.0.0.1", candidate))) ports.push_back(candidate);
    if (++port == end) port = first;
  }
  return ports;
}

}  // namespace frontdoor::cli
