// One direction of a tunnel as a body: what one side sends, as it is. When a WebSocket is to be closed, a close frame
// of ours takes the place of what would have followed, never inside a frame of theirs.
// Belongs to a Tunnel; one worker.
//
//   Passing ─► Approaching (the place for our frame) ─► Replacing (the frame itself) ─► Discarding ─► end

#pragma once

#include "http/websocket.h"
#include "proxy/exchange/body.h"

namespace frontdoor {

class TunnelSource final : public BodySource {
 public:
  enum class Frames : std::uint8_t { Unknown, WebSocket };

  TunnelSource(BodySource& from, Frames frames) : from_(from), follow_(frames == Frames::WebSocket) {}

  // Where our close frame goes: at the next boundary, or in place of the close frame that is expected of them.
  enum class Place : std::uint8_t { NextBoundary, TheirCloseFrame };
  void close(Place place, const http::WebSocketCloseFrame& frame);  // again: a nearer place; nothing once it was sent
  void finish() { finished_ = true; }                                // the end follows our close frame

  void passed(std::string_view bytes) {  // by another way than consume(), while nothing is to be closed
    if (follow_) frames_.advance(bytes);
  }

  bool follows() const { return follow_ && !frames_.lost(); }  // false: what passes makes no frames
  bool closed_by_them() const { return frames_.close_seen(); }
  bool closed_by_us() const { return phase_ == Phase::Discarding; }

  Peeked peek() override;
  void consume(std::size_t count) override;
  const http::Fields& trailers() const override { return from_.trailers(); }
  bool ready() const override { return phase_ != Phase::Passing || from_.ready(); }

 private:
  enum class Phase : std::uint8_t { Passing, Approaching, Replacing, Discarding };

  Peeked approach();
  bool discard();  // false: they have ended

  BodySource& from_;
  const bool follow_;
  http::WebSocketFrames frames_;
  std::string_view peeked_;
  Phase phase_ = Phase::Passing;
  Place place_ = Place::NextBoundary;
  http::WebSocketCloseFrame ours_;
  std::size_t ours_sent_ = 0;
  bool finished_ = false;
};

}  // namespace frontdoor
