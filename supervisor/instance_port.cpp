#include "supervisor/instance_port.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace frontdoor {

namespace {

constexpr int kPorts = 8192;

// The lower end of net.ipv4.ip_local_port_range.
std::uint16_t first_ephemeral_port() {
  std::ifstream range("/proc/sys/net/ipv4/ip_local_port_range");
  int first = 0;
  const bool plausible = range >> first && first > 2048 && first < 65536;
  return static_cast<std::uint16_t>(plausible ? first : 32768);
}

}  // namespace

bool is_free(const Endpoint& endpoint) {
  const int fd = ::socket(endpoint.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return true;  // nobody has it as far as we know; what we lack ourselves, the start will say
  // Connections of an earlier run that linger in TIME_WAIT do not make a port taken; one that listens does.
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool free = ::bind(fd, endpoint.data(), endpoint.size()) == 0 && ::listen(fd, 1) == 0;
  ::close(fd);
  return free;
}

// From a random place, so that two front doors that start together rarely want the same ones.
InstancePorts::InstancePorts() : end_(first_ephemeral_port()) {
  first_ = static_cast<std::uint16_t>(std::max(1024, end_ - kPorts));
  std::random_device random;
  next_ = std::uniform_int_distribution<std::uint16_t>(first_, static_cast<std::uint16_t>(end_ - 1))(random);
}

std::optional<std::uint16_t> InstancePorts::take() {
  for (int tried = first_; tried < end_; ++tried) {
    const std::uint16_t port = next_;
    next_ = port + 1 == end_ ? first_ : static_cast<std::uint16_t>(port + 1);
    if (taken_.contains(port) || !is_free(*Endpoint::numeric("127.0.0.1", port))) continue;
    taken_.insert(port);
    return port;
  }
  return std::nullopt;
}

}  // namespace frontdoor
