#include "loop/socket_ops.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/self_connection.h"

namespace frontdoor {

int SocketOps::error_of(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

bool SocketOps::met_itself(int fd, std::uint16_t port) { return connected_to_itself(fd, port); }

int KernelSocketOps::open(int family) { return ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }

int KernelSocketOps::connect(int fd, const Endpoint& to) { return ::connect(fd, to.data(), to.size()); }

int KernelSocketOps::accept(int fd, Endpoint& from) {
  socklen_t size = Endpoint::capacity();
  const int accepted = ::accept4(fd, from.data(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (accepted >= 0) from.resize(size);
  return accepted;
}

// What is called for every message is called directly: glibc's recv, send and sendmsg are cancellation points, which in
// a program with threads cost two atomic exchanges each, and nobody cancels a thread here.
ssize_t KernelSocketOps::receive(int fd, char* into, std::size_t room, int flags) {
  return ::syscall(SYS_recvfrom, fd, into, room, flags, nullptr, nullptr);
}

ssize_t KernelSocketOps::send(int fd, const iovec* parts, std::size_t count) {
  if (count == 1)
    return ::syscall(SYS_sendto, fd, parts->iov_base, parts->iov_len, MSG_NOSIGNAL, nullptr, socklen_t{0});
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts);
  message.msg_iovlen = count;
  return ::syscall(SYS_sendmsg, fd, &message, MSG_NOSIGNAL);
}

int KernelSocketOps::shutdown_write(int fd) { return ::shutdown(fd, SHUT_WR); }

void KernelSocketOps::close(int fd) { ::close(fd); }

}  // namespace frontdoor
