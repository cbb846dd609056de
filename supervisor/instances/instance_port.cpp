#include "supervisor/instances/instance_port.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <random>
#include <string>
#include <utility>

namespace frontdoor {

namespace {

constexpr int kPorts = 8192;
constexpr int kPatience = 100;  // ms: a full backlog answers nothing

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

bool refuses(const Endpoint& endpoint) {
  const OwnedFd socket(::socket(endpoint.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return false;
  if (::connect(socket.get(), endpoint.data(), endpoint.size()) == 0) return false;
  if (errno != EINPROGRESS) return errno == ECONNREFUSED;
  pollfd done{socket.get(), POLLOUT, 0};
  ::poll(&done, 1, kPatience);
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == ECONNREFUSED;
}

// An abstract name (unix(7)): it belongs to a network namespace as the port does, nothing of it is left when its holder has
// ended, and two can not have it. A socket bound to the port itself would do as well, if every app set SO_REUSEADDR.
PortReservation reserve_port(std::uint16_t port) {
  OwnedFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));  // it never listens: nobody can send it anything
  if (!socket.valid()) return {.problem = std::strerror(errno)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = "frontdoor-port-" + std::to_string(port);
  std::copy(name.begin(), name.end(), address.sun_path + 1);  // behind the zero that makes it abstract
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0)
    return {.is_others = errno == EADDRINUSE, .problem = std::strerror(errno)};
  return {.socket = std::move(socket)};
}

InstancePorts::InstancePorts() : end_(first_ephemeral_port()) {
  first_ = static_cast<std::uint16_t>(std::max(1024, end_ - kPorts));
  std::random_device random;
  next_ = std::uniform_int_distribution<std::uint16_t>(first_, static_cast<std::uint16_t>(end_ - 1))(random);
}

std::optional<std::uint16_t> InstancePorts::take() {
  const auto port = take(false);
  return port ? port : take(true);
}

std::optional<std::uint16_t> InstancePorts::take(bool also_of_others) {
  for (int tried = first_; tried < end_; ++tried) {
    const std::uint16_t port = next_;
    next_ = port + 1 == end_ ? first_ : static_cast<std::uint16_t>(port + 1);
    if (taken_.contains(port)) continue;
    PortReservation reservation = reserve_port(port);
    if (reservation.is_others && !also_of_others) continue;
    if (!is_free(*Endpoint::numeric("127.0.0.1", port))) continue;
    if (reservation.is_others) why_unreserved_ = "other processes have reserved every port";
    else if (!reservation.socket.valid()) why_unreserved_ = reservation.problem;
    taken_[port] = std::move(reservation.socket);
    return port;
  }
  return std::nullopt;
}

void InstancePorts::adopt(std::uint16_t port, OwnedFd reservation) {
  if (!reservation.valid()) reservation = reserve_port(port).socket;
  taken_[port] = std::move(reservation);
}

int InstancePorts::reservation(std::uint16_t port) const {
  const auto found = taken_.find(port);
  return found == taken_.end() ? -1 : found->second.get();
}

void InstancePorts::let_go_of_reservations() {
  for (auto& [port, reservation] : taken_) reservation = OwnedFd{};
}

}  // namespace frontdoor
