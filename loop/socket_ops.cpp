#include "loop/socket_ops.h"

#include <unistd.h>

namespace frontdoor {

int KernelSocketOps::open(int family) { return ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }

int KernelSocketOps::connect(int fd, const Endpoint& to) { return ::connect(fd, to.data(), to.size()); }

int KernelSocketOps::accept(int fd, Endpoint& from) {
  socklen_t size = Endpoint::capacity();
  const int accepted = ::accept4(fd, from.data(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (accepted >= 0) from.resize(size);
  return accepted;
}

ssize_t KernelSocketOps::receive(int fd, char* into, std::size_t room, int flags) {
  return ::recv(fd, into, room, flags);
}

ssize_t KernelSocketOps::send(int fd, const iovec* parts, std::size_t count) {
  if (count == 1) return ::send(fd, parts->iov_base, parts->iov_len, MSG_NOSIGNAL);
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts);
  message.msg_iovlen = count;
  return ::sendmsg(fd, &message, MSG_NOSIGNAL);
}

int KernelSocketOps::shutdown_write(int fd) { return ::shutdown(fd, SHUT_WR); }

void KernelSocketOps::close(int fd) { ::close(fd); }

}  // namespace frontdoor
