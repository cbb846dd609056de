#include "proxy/exchange/pump.h"

namespace frontdoor {

namespace {

// Reads and writes in one go before a fast transfer lets other connections run: about 1 MiB.
constexpr int kRounds = 16;

Pumped::State waiting_for(Pushed::State flushed) {
  switch (flushed) {
    case Pushed::State::Done: return Pumped::State::WaitingForSource;
    case Pushed::State::Blocked: return Pumped::State::WaitingForSink;
    case Pushed::State::Failed: break;
  }
  return Pumped::State::SinkFailed;
}

}  // namespace

Pumped pump(BodySource& source, BodySink& sink) {
  using State = Pumped::State;
  Pumped pumped;
  bool flushed = false;
  for (int round = 0; round < kRounds; ++round) {
    const Peeked peeked = source.peek();
    if (peeked.state == Peeked::State::Failed) {
      pumped.state = State::SourceFailed;
      return pumped;
    }
    if (peeked.state == Peeked::State::Pending) {
      // Whatever was written so far goes out now: a stream must not wait for its next event.
      if (!flushed) pumped.state = waiting_for(sink.push({}, false, source.trailers()).state);
      return pumped;
    }
    const bool last = peeked.last || peeked.state == Peeked::State::End;
    const Pushed pushed = sink.push(peeked.bytes, last, source.trailers());
    if (pushed.accepted != 0) source.consume(pushed.accepted);
    pumped.bytes += pushed.accepted;
    if (pushed.state == Pushed::State::Failed) {
      pumped.state = State::SinkFailed;
      return pumped;
    }
    if (pushed.state == Pushed::State::Blocked) {
      pumped.state = State::WaitingForSink;
      return pumped;
    }
    if (last) {
      pumped.state = State::Done;
      return pumped;
    }
    flushed = true;
    if (!source.ready()) return pumped;  // waits for it; another round would find nothing
  }
  pumped.state = State::Yielded;
  return pumped;
}

}  // namespace frontdoor
