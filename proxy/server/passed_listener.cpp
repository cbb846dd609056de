#include "proxy/server/passed_listener.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace frontdoor {

namespace {

int option(int fd, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

bool is_listening_stream(int fd) {
  const int family = option(fd, SO_DOMAIN);
  return (family == AF_INET || family == AF_INET6 || family == AF_UNIX) && option(fd, SO_TYPE) == SOCK_STREAM &&
         option(fd, SO_ACCEPTCONN) == 1;
}

std::vector<PassedSocket> meant_by(const std::string& name, const std::vector<PassedSocket>& passed) {
  std::vector<PassedSocket> found;
  for (const PassedSocket& socket : passed)
    if (socket.name == name) found.push_back(socket);
  if (!found.empty()) return found;
  for (const PassedSocket& socket : passed)
    if (std::to_string(socket.fd) == name) found.push_back(socket);
  return found;
}

std::string not_passed(const std::vector<PassedSocket>& passed) {
  if (passed.empty()) return "no sockets were passed to this process (LISTEN_FDS); a .socket unit does that";
  std::string names;
  for (const PassedSocket& socket : passed)
    names += (names.empty() ? "" : ", ") + socket.name + " (fd:" + std::to_string(socket.fd) + ")";
  return "no socket of this name was passed, only: " + names;
}

std::string several(const std::vector<PassedSocket>& meant) {
  std::string numbers;
  for (const PassedSocket& socket : meant) numbers += (numbers.empty() ? "" : ", ") + ("fd:" + std::to_string(socket.fd));
  return std::to_string(meant.size()) + " sockets of this name were passed; take each by its number: " + numbers;
}

}  // namespace

ListenSockets open_passed_listener(const Address& address, unsigned count,
                                   const std::vector<PassedSocket>& passed) {
  ListenSockets sockets;
  sockets.shared = true;
  const auto failed = [&](const std::string& why) {
    for (const int fd : sockets.fds) ::close(fd);
    sockets.fds.clear();
    sockets.error = "cannot listen on " + address.to_string() + ": " + why;
    return sockets;
  };
  const auto meant = meant_by(address.host, passed);
  if (meant.empty()) return failed(not_passed(passed));
  if (meant.size() > 1) return failed(several(meant));
  const int fd = meant.front().fd;
  if (!is_listening_stream(fd))
    return failed("this is no listening stream socket (a .socket unit needs ListenStream= and Accept=no)");

  // Shared with whoever passed it, who only polls it.
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  prepare_for_accept(fd);
  socklen_t size = Endpoint::capacity();
  if (::getsockname(fd, sockets.bound.data(), &size) != 0) return failed(std::strerror(errno));
  sockets.bound.resize(size);
  while (sockets.fds.size() < count) {
    const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) return failed(std::strerror(errno));
    sockets.fds.push_back(copy);
  }
  return sockets;
}

}  // namespace frontdoor
