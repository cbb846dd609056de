// What becomes of the WebSockets and streams that are open on an upstream which leaves its pool, or came by a listener
// which is closed: each is closed at a moment of its own within the window. One worker's part; owned by its LocalUpstream,
// or by its Listeners of that one.

#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>

#include "proxy/upstreams/drain.h"

namespace frontdoor {

class UpstreamDrain {
 public:
  // `websockets`: how many there are now.
  UpstreamDrain(const DrainWindow& window, std::size_t websockets) : window_(window), expected_(websockets) {
    streams_.begin(window);
  }

  TimePoint next_websocket(TimePoint now) {
    const DrainWindow rest{std::max(window_.from, now), window_.until};
    const std::size_t place = closed_++;
    return closing_moment(rest, place, std::max(expected_, closed_));
  }
  TimePoint next_stream(TimePoint now, Millis drain_streams) { return streams_.next_moment(now, drain_streams); }
  TimePoint latest_answer() const { return answers_until(window_); }

 private:
  const DrainWindow window_;
  const std::size_t expected_;
  std::size_t closed_ = 0;
  StreamDrain streams_;
};

// A Listener's: null until it is closed. Its connections look here, and its address tells one Listener from another.
using ListenerDrain = std::shared_ptr<UpstreamDrain>;

}  // namespace frontdoor
