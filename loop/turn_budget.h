// How often something dear may be done in one turn of the loop, so that whatever else is ready is served in between. One
// worker.

#pragma once

#include <cstdint>

#include "loop/event_loop.h"

namespace frontdoor {

class TurnBudget {
 public:
  TurnBudget(const EventLoop& loop, unsigned most) : loop_(loop), most_(most) {}

  bool take() {  // false: in the next turn
    if (turn_ != loop_.turn()) {
      turn_ = loop_.turn();
      taken_ = 0;
    }
    return taken_++ < most_;
  }

 private:
  const EventLoop& loop_;
  const unsigned most_;
  std::uint64_t turn_ = 0;
  unsigned taken_ = 0;
};

}  // namespace frontdoor
