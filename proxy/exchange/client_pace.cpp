#include "proxy/exchange/client_pace.h"

#include <chrono>

namespace frontdoor {

void ClientPace::settle(std::uint64_t moved, std::uint64_t rate) {
  if (moved <= settled_) return;
  using Seconds = std::chrono::duration<double>;  // the product of bytes and nanoseconds would not fit into 64 bits
  const Seconds paid(static_cast<double>(moved - settled_) / static_cast<double>(rate));
  settled_ = moved;
  // Nothing is saved up for later: a fast start does not pay for trickling ever after.
  debt_ = paid >= Seconds(debt_) ? Duration{} : debt_ - std::chrono::duration_cast<Duration>(paid);
}

}  // namespace frontdoor
