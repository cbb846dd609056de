// When a request that nothing can take waits, and what it is told when it does not. Pure: no lock, no clock.

#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"
#include "config/config.h"

namespace frontdoor {

// How a pool is at this moment.
struct PoolOutlook {
  bool up = false;           // at least one upstream is up (and all that are have as many requests as they may)
  bool undecided = false;    // at least one has not been judged yet: it may come up at any moment; or they sleep
  Duration down_for{};       // since the last one went down; only with neither of the above
  Duration usual_outage{};   // how long upstreams of this pool were down before; zero = never seen one come back
};

// Recovery is plausible: an upstream is up and only busy, or the pool has not been down for longer than `give_up`.
bool worth_holding(const PoolOutlook& outlook, const config::Hold& hold);

// Retry-After in whole seconds, 1 to 60: what is left of the usual outage. One that already lasts longer than usual
// is expected to last as long again.
std::uint32_t retry_after_seconds(const PoolOutlook& outlook);

// Requests that were called together are let go in a ramp that doubles: 32 at once, as many again after each step, so
// that an upstream that has only just come up meets its load over half a second instead of in one blow.
Duration ramp_delay(std::size_t ahead);

}  // namespace frontdoor
