// The kernel's socket operations, counted; sends may be cut to a few bytes each.

#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "loop/socket_ops.h"

namespace frontdoor::testing {

class CountingSocketOps final : public SocketOps {
 public:
  std::size_t most_per_send = std::numeric_limits<std::size_t>::max();
  bool partial_is_full = true;  // a send that was cut is reported as a full socket; the next edge ends that
  std::uint64_t receives = 0;
  std::uint64_t sends = 0;
  std::uint64_t errors_asked = 0;      // SO_ERROR
  std::uint64_t self_checks = 0;       // getsockname, and getpeername where that may matter
  std::int64_t open_descriptors = 0;  // opened or accepted here and not closed here

  int open(int family) override { return note(kernel_.open(family)); }
  int connect(int fd, const Endpoint& to) override { return kernel_.connect(fd, to); }
  int accept(int fd, Endpoint& from) override { return note(kernel_.accept(fd, from)); }
  ssize_t receive(int fd, char* into, std::size_t room, int flags) override {
    ++receives;
    return kernel_.receive(fd, into, room, flags);
  }
  ssize_t send(int fd, const iovec* parts, std::size_t count) override {
    ++sends;
    std::vector<iovec> cut;
    std::size_t left = most_per_send;
    for (std::size_t i = 0; i < count && left != 0; ++i) {
      cut.push_back({parts[i].iov_base, std::min(parts[i].iov_len, left)});
      left -= cut.back().iov_len;
    }
    return kernel_.send(fd, cut.data(), cut.size());
  }
  int error_of(int fd) override {
    ++errors_asked;
    return kernel_.error_of(fd);
  }
  bool met_itself(int fd, std::uint16_t port) override {
    ++self_checks;
    return kernel_.met_itself(fd, port);
  }
  bool partial_means_exhausted() const override { return partial_is_full; }
  int shutdown_write(int fd) override { return kernel_.shutdown_write(fd); }
  void close(int fd) override {
    --open_descriptors;
    kernel_.close(fd);
  }

 private:
  int note(int fd) {
    if (fd >= 0) ++open_descriptors;
    return fd;
  }

  KernelSocketOps kernel_;
};

}  // namespace frontdoor::testing
