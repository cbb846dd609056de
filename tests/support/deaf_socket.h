// A socket that listens and hears nobody: its queue is full, so that a connect to it neither succeeds nor
// fails.

#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

#include "base/address.h"

namespace frontdoor::testing {

class DeafSocket {
 public:
  DeafSocket() : listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (::bind(listening_, endpoint_.data(), endpoint_.size()) != 0 || ::listen(listening_, 0) != 0)
      std::abort();
    socklen_t size = Endpoint::capacity();
    ::getsockname(listening_, endpoint_.data(), &size);
    endpoint_.resize(size);
    // A queue for none takes one; the next client is not even told that it is full.
    queued_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(queued_, endpoint_.data(), endpoint_.size()) != 0) std::abort();
  }
  ~DeafSocket() {
    ::close(queued_);
    ::close(listening_);
  }
  DeafSocket(const DeafSocket&) = delete;
  DeafSocket& operator=(const DeafSocket&) = delete;

  const Endpoint& endpoint() const { return endpoint_; }

 private:
  Endpoint endpoint_ = *Endpoint::numeric("127.0.0.1", 0);
  int listening_ = -1;
  int queued_ = -1;
};

}  // namespace frontdoor::testing
