// Moves one direction of an exchange as far as both ends allow, without waiting.

#pragma once

#include <cstdint>

#include "proxy/exchange/body.h"

namespace frontdoor {

struct Pumped {
  enum class State : std::uint8_t {
    WaitingForSource,
    WaitingForSink,
    Yielded,  // both could go on, but others want to run too
    Done,
    SourceFailed,
    SinkFailed,
  };
  State state = State::WaitingForSource;
  std::uint64_t bytes = 0;  // moved by this call
};

Pumped pump(BodySource& source, BodySink& sink);

}  // namespace frontdoor
