// The system calls that the data path makes on sockets: the one seam below transport and listener. Production uses
// the kernel as it is; the faulty transport of the tests fails the n-th call. Results are the kernel's, errno and all.

#pragma once

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "base/address.h"

namespace frontdoor {

class SocketOps {
 public:
  virtual ~SocketOps() = default;

  // Sockets are non-blocking and close-on-exec from birth.
  virtual int open(int family) = 0;
  virtual int connect(int fd, const Endpoint& to) = 0;
  virtual int accept(int fd, Endpoint& from) = 0;
  virtual ssize_t receive(int fd, char* into, std::size_t room, int flags) = 0;
  virtual ssize_t send(int fd, const iovec* parts, std::size_t count) = 0;  // MSG_NOSIGNAL
  virtual int shutdown_write(int fd) = 0;
  virtual void close(int fd) = 0;

  // What only a few connects have to be asked: why one has failed (SO_ERROR, an errno), and whether it has met itself.
  virtual int error_of(int fd);
  virtual bool met_itself(int fd, std::uint16_t port);

  // Whether fewer bytes than asked for mean that the queue is empty or full, and that epoll will tell when it no
  // longer is. So it is with the kernel's stream sockets; not with operations that a test cuts short.
  virtual bool partial_means_exhausted() const { return true; }
};

class KernelSocketOps final : public SocketOps {
 public:
  int open(int family) override;
  int connect(int fd, const Endpoint& to) override;
  int accept(int fd, Endpoint& from) override;
  ssize_t receive(int fd, char* into, std::size_t room, int flags) override;
  ssize_t send(int fd, const iovec* parts, std::size_t count) override;
  int shutdown_write(int fd) override;
  void close(int fd) override;
};

}  // namespace frontdoor
