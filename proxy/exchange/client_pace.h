// Whether a client that sends its request or reads its response keeps up a least rate. Time in which the client is
// waited for is a debt, and bytes that it has moved pay for time: `rate` of them for a second. A debt of a whole window
// is too slow. So a client may pause, start slowly and come in bursts, as phones do, but one byte now and then holds
// nothing for ever. Time in which anybody else is waited for is never counted.
//
// It is settled only when the debt is due: for a fast client each wait costs one addition.
// Pure. An exchange has one, for both directions: a conversation goes on when either does.

#pragma once

#include <cstdint>

#include "base/time.h"

namespace frontdoor {

class ClientPace {
 public:
  // The client, and nobody else, has been waited for.
  void waited(Duration time) { debt_ += time; }

  // For how much longer it may be waited for before the account has to be settled; not above zero: now.
  Duration patience(Duration window) const { return window - debt_; }

  // `moved`: bytes of both directions since the exchange began. `rate`: bytes per second, above 0.
  void settle(std::uint64_t moved, std::uint64_t rate);

 private:
  Duration debt_{};
  std::uint64_t settled_ = 0;  // of `moved`
};

}  // namespace frontdoor
