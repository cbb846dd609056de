// Socket operations of which the n-th goes wrong: the misfortune that tests/proxy/misfortune_test.cpp spreads
// over every operation of a conversation in turn.

#pragma once

#include <cerrno>
#include <cstdint>
#include <set>
#include <utility>

#include "loop/socket_ops.h"

namespace frontdoor::testing {

enum class Fault : std::uint8_t {
  None,
  Eof,         // the peer has closed
  Reset,       // the peer has reset
  OneByte,     // from here on, one byte at a time
  WouldBlock,  // this socket is never ready again
  Refused,     // connect: nobody listens
  OutOfFds,    // open, accept: EMFILE
};

class FaultySocketOps final : public SocketOps {
 public:
  // The `n`-th operation from now on (1 = the next) meets `fault`.
  void arm(std::uint64_t n, Fault fault) {
    fault_ = fault;
    countdown_ = n;
    one_byte_ = struck_ = struck_upstream_ = false;
    stuck_.clear();
  }
  void disarm() { arm(0, Fault::None); }
  bool struck() const { return struck_; }  // the fault has happened
  // The fault hit an operation on a connection to an upstream.
  bool struck_upstream() const { return struck_upstream_; }
  std::uint64_t opened() const { return opened_; }
  std::uint64_t closed() const { return closed_; }

  int open(int family) override {
    if (strikes(-1) && fault_ != Fault::OneByte && fault_ != Fault::WouldBlock) {
      struck_upstream_ = true;
      return fail(EMFILE);
    }
    const int fd = note_open(kernel_.open(family));
    if (fd >= 0) upstream_.insert(fd);
    return fd;
  }
  int connect(int fd, const Endpoint& to) override {
    if (!strikes(fd)) return kernel_.connect(fd, to);
    switch (fault_) {
      case Fault::Refused:
        return fail(ECONNREFUSED);
      case Fault::Reset:
        return fail(ECONNRESET);
      case Fault::OutOfFds:
        return fail(EADDRNOTAVAIL);
      case Fault::Eof:
        return fail(ENETUNREACH);
      default:
        return kernel_.connect(fd, to);
    }
  }
  int accept(int fd, Endpoint& from) override {
    if (strikes(fd) && fault_ == Fault::OutOfFds) return fail(EMFILE);
    return note_open(kernel_.accept(fd, from));
  }
  ssize_t receive(int fd, char* into, std::size_t room, int flags) override {
    if (stuck_.contains(fd)) return fail(EAGAIN);
    if (strikes(fd)) {
      switch (fault_) {
        case Fault::Eof:
          return 0;
        case Fault::Reset:
          return fail(ECONNRESET);
        case Fault::WouldBlock:
          stuck_.insert(fd);
          return fail(EAGAIN);
        default:
          break;
      }
    }
    return kernel_.receive(fd, into, one_byte_ ? 1 : room, flags);
  }
  ssize_t send(int fd, const iovec* parts, std::size_t count) override {
    if (stuck_.contains(fd)) return fail(EAGAIN);
    if (strikes(fd)) {
      switch (fault_) {
        case Fault::Eof:
        case Fault::Reset:
          return fail(EPIPE);
        case Fault::WouldBlock:
          stuck_.insert(fd);
          return fail(EAGAIN);
        default:
          break;
      }
    }
    if (!one_byte_) return kernel_.send(fd, parts, count);
    while (count > 1 && parts->iov_len == 0) ++parts, --count;
    const iovec one{parts->iov_base, parts->iov_len == 0 ? std::size_t{0} : std::size_t{1}};
    return kernel_.send(fd, &one, 1);
  }
  bool partial_means_exhausted() const override { return !one_byte_; }
  int shutdown_write(int fd) override { return kernel_.shutdown_write(fd); }
  void close(int fd) override {
    ++closed_;
    stuck_.erase(fd);
    upstream_.erase(fd);
    kernel_.close(fd);
  }

 private:
  bool strikes(int fd) {
    if (countdown_ == 0 || --countdown_ != 0) return false;
    struck_ = true;
    struck_upstream_ = upstream_.contains(fd);
    one_byte_ = fault_ == Fault::OneByte;
    return true;
  }
  static int fail(int error) {
    errno = error;
    return -1;
  }
  int note_open(int fd) {
    if (fd >= 0) ++opened_;
    return fd;
  }

  KernelSocketOps kernel_;
  Fault fault_ = Fault::None;
  std::uint64_t countdown_ = 0;
  bool struck_ = false;
  bool one_byte_ = false;
  bool struck_upstream_ = false;
  std::set<int> stuck_;
  std::set<int> upstream_;
  std::uint64_t opened_ = 0;
  std::uint64_t closed_ = 0;
};

}  // namespace frontdoor::testing
