// When a drain closes which tunnel: each at a moment of its own, so that their clients do not all come back at once.
// Pure.

#pragma once

#include <cstddef>

#include "base/time.h"

namespace frontdoor {

// Tunnels are asked to close from `from` on; whatever is open at `until` is cut.
struct DrainWindow {
  TimePoint from;
  TimePoint until;
};

// The moment for the `index`-th (0, 1, …) of `count` tunnels. Any run of indexes is spread evenly, so those that begin
// during the drain fit in between. A few tunnels take less than the window; the last part of it is left for answers.
TimePoint closing_moment(const DrainWindow& window, std::size_t index, std::size_t count);

// How long answers to a close are waited for at most: there is time left to end in order before the cut.
TimePoint answers_until(const DrainWindow& window);

}  // namespace frontdoor
