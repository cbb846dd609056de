#include "proxy/exchange/replayable_body.h"

#include <algorithm>

namespace frontdoor {

Peeked ReplayableBody::peek() {
  if (position_ < kept_.size()) return {Peeked::State::Bytes, std::string_view(kept_).substr(position_), false};
  const Peeked peeked = live_.peek();
  if (limit_ != 0 && peeked.bytes.size() > limit_ - std::min(limit_, consumed_)) {
    too_large_ = true;
    return {Peeked::State::Failed, {}, false};
  }
  peeked_ = peeked.bytes;
  return peeked;
}

void ReplayableBody::consume(std::size_t count) {
  if (position_ < kept_.size()) {
    position_ += count;
    return;
  }
  if (replayable() && consumed_ + count <= keep_) {
    kept_.append(peeked_.substr(0, count));
    position_ = kept_.size();
  } else if (!kept_.empty()) {
    kept_ = std::string();
    position_ = 0;
  }
  consumed_ += count;
  peeked_.remove_prefix(count);
  live_.consume(count);
}

}  // namespace frontdoor
