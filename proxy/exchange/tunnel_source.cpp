#include "proxy/exchange/tunnel_source.h"

namespace frontdoor {

void TunnelSource::close(Place place, const http::WebSocketCloseFrame& frame) {
  if (!follow_ || phase_ > Phase::Approaching) return;
  phase_ = Phase::Approaching;
  place_ = place;
  ours_ = frame;
}

Peeked TunnelSource::peek() {
  if (phase_ == Phase::Passing) {
    const Peeked peeked = from_.peek();
    peeked_ = peeked.bytes;
    return peeked;
  }
  if (phase_ == Phase::Approaching) {
    const Peeked peeked = approach();
    if (phase_ == Phase::Approaching) return peeked;
  }
  if (phase_ == Phase::Replacing) return {Peeked::State::Bytes, ours_.bytes().substr(ours_sent_), false};
  if (!discard() || finished_) return {Peeked::State::End, {}, true};
  return {};
}

Peeked TunnelSource::approach() {
  Peeked peeked = from_.peek();
  switch (peeked.state) {
    case Peeked::State::Bytes: {
      const std::size_t before = place_ == Place::NextBoundary ? frames_.until_boundary(peeked.bytes)
                                                               : frames_.until_close_frame(peeked.bytes);
      if (before == 0) break;
      peeked_ = peeked.bytes = peeked.bytes.substr(0, before);
      return peeked;
    }
    case Peeked::State::Pending:
      if (place_ == Place::NextBoundary && frames_.at_boundary()) break;
      return peeked;
    case Peeked::State::End:
      if (frames_.at_boundary()) break;  // they left without a word, which is an answer too
      return peeked;
    case Peeked::State::Failed: return peeked;
  }
  phase_ = Phase::Replacing;
  return peeked;
}

void TunnelSource::consume(std::size_t count) {
  if (phase_ == Phase::Replacing) {
    ours_sent_ += count;
    if (ours_sent_ == ours_.size) phase_ = Phase::Discarding;
    return;
  }
  if (follow_) frames_.advance(peeked_.substr(0, count));
  from_.consume(count);
}

// What they still say goes nowhere, but must be read: closing on unread bytes would be a reset.
bool TunnelSource::discard() {
  for (;;) {
    const Peeked peeked = from_.peek();
    if (peeked.state != Peeked::State::Bytes) return peeked.state == Peeked::State::Pending;
    from_.consume(peeked.bytes.size());
  }
}

}  // namespace frontdoor
