// Socket operations of which the n-th goes wrong, or meets something that happens at that very moment: the
// misfortune that tests/proxy/misfortune_*.cpp spread over every operation of a conversation in turn.

#pragma once

#include <cerrno>
#include <cstdint>
#include <functional>
#include <new>
#include <optional>
#include <set>
#include <utility>

#include "loop/socket_ops.h"
#include "support/deaf_socket.h"

namespace frontdoor::testing {

enum class Fault : std::uint8_t {
  None,
  Eof,         // the peer has closed
  Reset,       // the peer has reset
  OneByte,     // from here on, one byte at a time
  WouldBlock,  // this socket is never ready again; connect: nobody ever answers
  Refused,     // connect: nobody listens
  OutOfFds,    // open, accept: EMFILE
};

class FaultySocketOps final : public SocketOps {
 public:
  // The `n`-th operation from now on (1 = the next) meets `fault`, if that can happen to such an operation.
  void arm(std::uint64_t n, Fault fault) {
    fault_ = fault;
    vulnerable_ = kAll;
    countdown_ = n;
    event_ = nullptr;
    one_byte_ = struck_ = struck_upstream_ = false;
    stuck_.clear();
  }
  // The `n`-th of those operations meets it to which it can happen.
  void arm_vulnerable(std::uint64_t n, Fault fault) {
    arm(n, fault);
    switch (fault) {
      case Fault::None:
        break;
      case Fault::Eof:
      case Fault::Reset:
      case Fault::WouldBlock:
        vulnerable_ = kConnect | kTransfer;
        break;
      case Fault::OneByte:
        vulnerable_ = kTransfer;
        break;
      case Fault::Refused:
        vulnerable_ = kConnect;
        break;
      case Fault::OutOfFds:
        vulnerable_ = kOpen | kAccept | kConnect;
        break;
    }
  }
  // Just before the `n`-th operation from now on, `event` happens; the operation itself is the kernel's.
  void arm(std::uint64_t n, std::function<void()> event) {
    arm(n, Fault::None);
    event_ = std::move(event);
  }
  void disarm() { arm(0, Fault::None); }
  bool struck() const { return struck_; }  // the fault or the event has happened
  // The fault hit an operation on a connection to an upstream.
  bool struck_upstream() const { return struck_upstream_; }
  std::uint64_t operations() const { return operations_; }
  std::uint64_t opened() const { return opened_; }
  std::uint64_t closed() const { return closed_; }
  std::uint64_t accepts() const { return accepts_; }  // calls, in vain or not

  int open(int family) override {
    if (strikes(kOpen, -1) && fault_ != Fault::OneByte && fault_ != Fault::WouldBlock) {
      struck_upstream_ = true;
      return fail(EMFILE);
    }
    const int fd = kernel_.open(family);
    try {
      if (fd >= 0) upstream_.insert(fd);
    } catch (const std::bad_alloc&) {  // this list is of memory that a test may let fail
      kernel_.close(fd);
      return fail(ENOMEM);
    }
    return note_open(fd);
  }
  int connect(int fd, const Endpoint& to) override {
    if (!strikes(kConnect, fd)) return kernel_.connect(fd, to);
    switch (fault_) {
      case Fault::Refused:
        return fail(ECONNREFUSED);
      case Fault::Reset:
        return fail(ECONNRESET);
      case Fault::OutOfFds:
        return fail(EADDRNOTAVAIL);
      case Fault::Eof:
        return fail(ENETUNREACH);
      case Fault::WouldBlock:
        if (!deaf_) deaf_.emplace();
        return kernel_.connect(fd, deaf_->endpoint());
      default:
        return kernel_.connect(fd, to);
    }
  }
  int accept(int fd, Endpoint& from) override {
    ++accepts_;
    if (strikes(kAccept, fd) && fault_ == Fault::OutOfFds) return fail(EMFILE);
    return note_open(kernel_.accept(fd, from));
  }
  ssize_t receive(int fd, char* into, std::size_t room, int flags) override {
    if (stuck_.contains(fd)) return fail(EAGAIN);
    if (strikes(kTransfer, fd)) {
      switch (fault_) {
        case Fault::Eof:
          return 0;
        case Fault::Reset:
          return broken(fd, ECONNRESET);
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
    if (strikes(kTransfer, fd)) {
      switch (fault_) {
        case Fault::Eof:
        case Fault::Reset:
          return broken(fd, EPIPE);
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
  int shutdown_write(int fd) override {
    ++operations_;
    return kernel_.shutdown_write(fd);
  }
  void close(int fd) override {
    ++operations_;
    ++closed_;
    stuck_.erase(fd);
    upstream_.erase(fd);
    kernel_.close(fd);
  }

 private:
  enum Operation : unsigned { kOpen = 1, kConnect = 2, kAccept = 4, kTransfer = 8, kAll = 15 };

  bool strikes(Operation operation, int fd) {
    ++operations_;
    if (!(vulnerable_ & operation)) return false;
    if (countdown_ == 0 || --countdown_ != 0) return false;
    struck_ = true;
    if (event_) {
      event_();
      return false;
    }
    struck_upstream_ = upstream_.contains(fd);
    one_byte_ = fault_ == Fault::OneByte;
    return true;
  }
  // Such an error is not the only sign of a broken connection: epoll tells of it too, and there is nothing
  // more to read.
  static int broken(int fd, int error) {
    ::shutdown(fd, SHUT_RDWR);
    return fail(error);
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
  std::optional<DeafSocket> deaf_;
  Fault fault_ = Fault::None;
  unsigned vulnerable_ = kAll;
  std::function<void()> event_;
  std::uint64_t countdown_ = 0;
  std::uint64_t operations_ = 0;
  bool struck_ = false;
  bool one_byte_ = false;
  bool struck_upstream_ = false;
  std::set<int> stuck_;
  std::set<int> upstream_;
  std::uint64_t opened_ = 0;
  std::uint64_t closed_ = 0;
  std::uint64_t accepts_ = 0;
};

}  // namespace frontdoor::testing
