// A connection to an upstream while it serves nobody: in its LocalUpstream's list, which owns it, the one that was used
// last first. What protocol it speaks only its dialer knows. One worker.

#pragma once

#include <cstdint>

#include "base/time.h"
#include "loop/intrusive_list.h"

namespace frontdoor {

class IdleConnection : public Listed<class IdleTag> {
 public:
  virtual ~IdleConnection() = default;

  // The upstream's life in which the connection was begun. A later life may be another process.
  std::uint64_t incarnation() const { return incarnation_; }
  TimePoint idle_since() const { return idle_since_; }

 protected:
  explicit IdleConnection(std::uint64_t incarnation) : incarnation_(incarnation) {}
  void idle_from(TimePoint now) { idle_since_ = now; }

 private:
  const std::uint64_t incarnation_;
  TimePoint idle_since_{};
};

using IdleConnections = List<IdleConnection, Listed<class IdleTag>>;

}  // namespace frontdoor
