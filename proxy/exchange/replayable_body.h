// The request body as the exchange sends it: the client's own source, of which the first bytes are kept so that they
// can be sent again to another upstream. Beyond the limit nothing is kept and the body can no longer be replayed.

#pragma once

#include <cstdint>
#include <string>

#include "proxy/exchange/body.h"

namespace frontdoor {

class ReplayableBody final : public BodySource {
 public:
  explicit ReplayableBody(BodySource& live) : live_(live) {}

  // Before the first byte: at most this many bytes are kept. Never called: none, a replay is out of the question.
  void keep_up_to(std::uint64_t bytes) { keep_ = bytes; }

  // A body that goes on beyond this many bytes fails; 0 = any size; a reload may lower it on the way. It fails before its end has been passed on: an
  // upstream must not carry out what the client is told was refused.
  void limit_to(std::uint64_t bytes) { limit_ = bytes; }
  bool too_large() const { return too_large_; }

  Peeked peek() override;
  void consume(std::size_t count) override;
  const http::Fields& trailers() const override { return live_.trailers(); }

  // Whether rewind() would give the whole body again.
  bool replayable() const { return consumed_ == kept_.size(); }
  void rewind() { position_ = 0; }
  std::size_t kept() const { return kept_.size(); }
  std::uint64_t consumed() const { return consumed_; }  // from the client so far

 private:
  BodySource& live_;
  std::uint64_t keep_ = 0;
  std::uint64_t limit_ = 0;
  bool too_large_ = false;
  std::string kept_;
  std::size_t position_ = 0;  // in kept_; at its end the live source goes on
  std::uint64_t consumed_ = 0;
  std::string_view peeked_;
};

}  // namespace frontdoor
