// The body contracts that every protocol implements and the relay moves bytes between. Try first: a source is
// peeked and consumed, a sink is pushed to; neither ever waits. When one has nothing to give or no room, the Waker
// of its exchange is woken once that changes. HTTP/2 flow control maps onto it: consume opens the window.
// One worker.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/head.h"

namespace frontdoor {

struct Peeked {
  enum class State : std::uint8_t {
    Bytes,    // `bytes` is not empty and stays valid until consume()
    Pending,  // nothing now; the waker will tell
    End,      // complete, trailers() are known
    Failed,   // will never be complete
  };
  State state = State::Pending;
  std::string_view bytes;
  bool last = false;  // with Bytes: the body ends with them
};

class BodySource {
 public:
  virtual Peeked peek() = 0;
  virtual void consume(std::size_t count) = 0;
  virtual const http::Fields& trailers() const = 0;
  // False: the next peek() will be Pending again. It costs nothing to ask, so that a reader woken for two directions
  // tries the one that something has happened to.
  virtual bool ready() const { return true; }

 protected:
  ~BodySource() = default;
};

// What comes on a connection that nothing shares, once it has switched protocols: for a tunnel, which passes it on at once.
// Otherwise as peek() and consume(), between which it may be called.
class RawSource : public BodySource {
 public:
  virtual std::string_view raw_bytes() = 0;         // empty: nothing, an end or a failure; peek() tells
  virtual bool raw_consume(std::size_t count) = 0;  // true: there is no more for now

 protected:
  ~RawSource() = default;
};

struct Pushed {
  enum class State : std::uint8_t {
    Done,     // all taken, and on its way: with the kernel, or with a connection that sends for all of its streams at
              // the end of the turn
    Blocked,  // not all, for want of room or of the stream's window; push again what was not accepted when woken
    Failed,   // the other side is gone
  };
  State state = State::Done;
  std::size_t accepted = 0;
};

class BodySink {
 public:
  // Takes what it can, together with a head that waits to be sent. `last`: the body ends with these bytes; it is
  // complete when that returns Done. push({}, false, …) only flushes. `trailers` is read when the end is written.
  virtual Pushed push(std::string_view bytes, bool last, const http::Fields& trailers) = 0;
  virtual bool ready() const { return true; }  // false: it has no room

 protected:
  ~BodySink() = default;
};

}  // namespace frontdoor
