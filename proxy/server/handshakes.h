// The TLS handshakes of one worker together. A signature takes as long as tens of requests, so only a few are made in one
// turn of the loop, and the requests of others are served in between. And each handshake holds some tens of kilobytes: when
// there are too many, the one that has been under way longest ends for the newest. One worker.

#pragma once

#include <cstdint>

#include "loop/intrusive_list.h"
#include "loop/turn_budget.h"

namespace frontdoor {

class TlsHandshake;

class Handshakes {
 public:
  static constexpr unsigned kStepsInATurn = 8;
  static constexpr std::size_t kMost = 1024;

  explicit Handshakes(const EventLoop& loop) : steps_(loop, kStepsInATurn) {}

  bool may_step() { return steps_.take(); }  // false: in the next turn
  void begin(TlsHandshake& handshake);
  void end(TlsHandshake& handshake);
  std::size_t count() const { return count_; }

 private:
  TurnBudget steps_;
  std::size_t count_ = 0;
  List<TlsHandshake, Listed<class HandshakeTag>> under_way_;  // the longest first
};

}  // namespace frontdoor
