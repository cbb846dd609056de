// A connection to an upstream, as the metrics count it: for as long as this lives, and as idle while it serves nobody.
// A member of each such connection, whatever it speaks. One worker.

#pragma once

#include <utility>

#include "balancer/upstream.h"

namespace frontdoor {

class CountedConnection {
 public:
  CountedConnection(Upstream& upstream, unsigned worker) : upstream_(upstream), worker_(worker) {
    upstream_.connection_opened(worker_);
  }
  ~CountedConnection() {
    works();
    upstream_.connection_closed(worker_);
  }
  CountedConnection(const CountedConnection&) = delete;
  CountedConnection& operator=(const CountedConnection&) = delete;

  void works() {
    if (std::exchange(idle_, false)) upstream_.connection_works(worker_);
  }
  void idles() {
    if (!std::exchange(idle_, true)) upstream_.connection_idles(worker_);
  }

 private:
  Upstream& upstream_;
  const unsigned worker_;
  bool idle_ = false;
};

}  // namespace frontdoor
