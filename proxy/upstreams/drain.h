// When a drain closes what: tunnels, streams and idle connections, each at a moment of its own, so that their clients do
// not all come back at once. Pure.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

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

// A connection on which no request is under way: whether there has been one.
enum class IdleKind : std::uint8_t { Served, Unused };

// The moment for the `index`-th of `count` idle connections, when no new ones are accepted from `from` on. They are
// spread as well, over less than half a second. One that was used a moment ago keeps the time in which its next request
// is most likely to come; one that is new and unused keeps a longer one, since nobody connects for nothing.
// Why that is all one can do: docs/adr/0011.
TimePoint closing_moment_of_idle(TimePoint from, IdleKind kind, TimePoint idle_since, std::size_t index,
                                 std::size_t count);

// When to end what has no end of its own: event streams, gRPC streams, and tunnels whose protocol we do not know. For
// half of `drain_streams` they may end by themselves; over the other half the rest is spread. One worker's.
class StreamDrain {
 public:
  void begin(const DrainWindow& window) { window_ = window; }

  // The moment of the next one, open now; TimePoint::max() as long as nothing is drained.
  TimePoint next_moment(TimePoint now, Millis drain_streams);

 private:
  std::optional<DrainWindow> window_;
  std::size_t count_ = 0;
};

}  // namespace frontdoor
