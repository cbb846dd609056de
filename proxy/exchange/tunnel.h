// What a connection is after a 101: bytes both ways, without HTTP, until both sides have ended (FIN is passed on by
// direction), one breaks off, nothing moves for too long, or a drain ends it. A WebSocket is followed frame by frame,
// so that a drain can close it as its protocol wants; any other protocol is cut at a moment within `drain_streams`.
//
// A drained WebSocket: close frame 1012 to the client at the next boundary ─► the client's frames still pass ─► its
// close frame comes: close frame 1001 to the upstream instead, and FIN ─► the upstream ends: FIN to the client.
//
// One coroutine serves both directions (docs/adr/0004), and decides all there is to decide. Between two connections that
// nothing shares, what comes and finds room is passed on before it, by the direction's own Runnable: nearly all that a
// tunnel ever does, without a coroutine, and with few calls and cache lines. It knows no snapshot, so a reload neither cuts it nor is kept
// in memory by it. One worker.

#pragma once

#include <optional>

#include "loop/task.h"
#include "loop/waker.h"
#include "proxy/exchange/pump.h"
#include "proxy/exchange/stream.h"
#include "proxy/exchange/tunnel_source.h"
#include "proxy/upstreams/drain.h"

namespace frontdoor {

struct TunnelLimits {
  Millis idle;          // no byte either way
  Millis client_write;  // a client that does not read, or an upstream that does not take a gone client's last words
  Millis drain_streams{0};  // how long a drain leaves it open when it is no WebSocket
};

class Tunnel final : public Listed<class TunnelTag> {
 public:
  // Closed: both have ended, and a WebSocket by its close frames. ClientLeft, UpstreamLeft: a WebSocket whose one side
  // ended without. Gone: broken off.
  enum class Ended : std::uint8_t {
    Closed, ClientLeft, UpstreamLeft, ClientGone, UpstreamGone, ClientDoesNotRead, Idle, Drained
  };
  using Frames = TunnelSource::Frames;

  // Both streams have switched protocols.
  Tunnel(EventLoop& loop, Waker& waker, ClientStream& client, UpstreamStream& upstream, Frames frames,
         const TunnelLimits& limits);
  ~Tunnel();

  Task<Ended> run();

  // From `at` on it is closed as its protocol allows, with answers waited for until `latest`.
  void close(TimePoint at, TimePoint latest);
  void cut();  // now
  bool websocket() const { return websocket_; }
  Millis drain_streams() const { return limits_.drain_streams; }

  std::uint64_t bytes_to_upstream() const { return to_upstream_.bytes; }
  std::uint64_t bytes_to_client() const { return to_client_.bytes; }

 private:
  struct Direction final : Runnable {
    Direction(Tunnel& owner, BodySource& from, BodySink& to, Frames frames, TimePoint now)
        : tunnel(owner), progress(now), source(from, frames), sink(to) {}

    // Its source's connection has had an event.
    void run() override {
      if (!tunnel.pass_on(*this)) tunnel.waker_.resume();  // which may be the end of both
    }
    bool waits_for_bytes() const { return state == Pumped::State::WaitingForSource && !done; }

    // Nothing has happened to it since it was tried last. Most wake-ups are for one direction.
    bool stands_still() const {
      return state != Pumped::State::Yielded && !source.ready() &&
             !(state == Pumped::State::WaitingForSink && sink.ready());
    }

    Tunnel& tunnel;
    RawSource* raw = nullptr;       // what it reads from, where both sides are connections of their own; else null
    Transport* receiver = nullptr;  // and what it writes to
    TimePoint progress;
    std::uint64_t bytes = 0;
    Pumped::State state = Pumped::State::Yielded;  // not tried yet: the 101 waits to be sent
    bool done = false;  // ended, or nobody takes it any more
    bool lost = false;  // the latter
    TunnelSource source;
    BodySink& sink;
  };
  enum class Closing : std::uint8_t { No, Asked, LeftToThem, AwaitingBoundary, AwaitingAnswer, AwaitingEnd };
  enum class WaitingFor : std::uint8_t { Anything, ClientRead, LastWords, ClosingMoment, ClosingAnswer };
  struct Deadline {
    TimePoint at;
    WaitingFor what;
  };

  bool pass_on(Direction& direction);  // false: there is more to it
  bool plain() const;
  std::optional<Ended> turn();
  Ended ended_by_themselves() const;
  bool goodbyes_were_said() const;
  bool move(Direction& direction);  // false: what it reads from has broken off
  bool closing_by_us() const { return closing_ > Closing::LeftToThem; }
  void go_on_closing();
  void await_until_latest(Closing next);
  void stop_waiting();
  Deadline next_deadline() const;
  std::optional<Ended> timed_out(WaitingFor what);

  EventLoop& loop_;
  Waker& waker_;
  bool plain_ = false;  // nobody waits for anything but bytes: a direction may pass them on by itself
  const bool websocket_;
  const RawConnection client_end_;
  const RawConnection upstream_end_;
  Direction to_upstream_;
  Direction to_client_;
  ClientStream& client_;
  UpstreamStream& upstream_;
  const TunnelLimits limits_;
  Closing closing_ = Closing::No;
  TimePoint close_at_{};
  TimePoint close_latest_{};
  TimePoint answer_by_{};
  bool again_ = false;  // there is more to do at once
  bool upstream_first_ = false;  // it ended before its client
  bool cut_ = false;
};

// All tunnels of a worker, for its drain.
class Tunnels {
 public:
  void add(Tunnel& tunnel, TimePoint now, StreamDrain& streams);  // leaves the list by itself
  void drain(const DrainWindow& window, TimePoint now, StreamDrain& streams);
  void cut_all();

  struct Count {
    std::uint64_t websockets = 0;
    std::uint64_t others = 0;
  };
  Count count();

 private:
  void announce(Tunnel& tunnel, const DrainWindow& window, TimePoint now, StreamDrain& streams);

  List<Tunnel, Listed<class TunnelTag>> all_;
  std::optional<DrainWindow> draining_;
  std::size_t announced_ = 0;
  std::size_t expected_ = 0;  // of WebSockets
};

}  // namespace frontdoor
