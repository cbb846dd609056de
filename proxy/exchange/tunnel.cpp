#include "proxy/exchange/tunnel.h"

#include <sys/random.h>

#include <algorithm>
#include <new>

#include "loop/transport.h"

namespace frontdoor {

namespace {

// For the other side's part of a closing handshake. Long enough for a slow network, short beside a drain.
constexpr Millis kAnswerTime{5'000};

// Unpredictable masking keys keep a page from choosing the bytes on the wire (RFC 6455 §10.3); ours are fixed anyway,
// so a kernel without randomness yet is no reason to fail.
std::uint32_t masking_key() {
  std::uint32_t key = 0;
  if (::getrandom(&key, sizeof key, GRND_NONBLOCK) != sizeof key) key = 0;
  return key;
}

http::WebSocketCloseFrame close_of_client() {
  // For the upstream its client leaves; why is not its matter.
  return http::WebSocketCloseFrame::from_client(http::WebSocketClose::GoingAway, masking_key());
}

}  // namespace

Tunnel::Tunnel(EventLoop& loop, Waker& waker, ClientStream& client, UpstreamStream& upstream, Frames frames,
               const TunnelLimits& limits)
    : loop_(loop),
      waker_(waker),
      websocket_(frames == Frames::WebSocket),
      client_end_(client.raw()),
      upstream_end_(upstream.raw()),
      to_upstream_(*this, client.request_body(), upstream.request_body(), frames, loop.now()),
      to_client_(*this, upstream.response_body(), client.response_body(), frames, loop.now()),
      client_(client),
      upstream_(upstream),
      limits_(limits) {
  if (!client_end_.transport || !upstream_end_.transport) return;
  to_upstream_.raw = client_end_.source;
  to_upstream_.receiver = upstream_end_.transport;
  to_client_.raw = upstream_end_.source;
  to_client_.receiver = client_end_.transport;
  client_end_.transport->notify(&to_upstream_);
  upstream_end_.transport->notify(&to_client_);
}

Tunnel::~Tunnel() {
  if (!to_upstream_.receiver) return;
  client_end_.transport->notify(&waker_);
  upstream_end_.transport->notify(&waker_);
}

// As long as both sides only wait for bytes, an event is nearly always some, and there is room for them. Whatever else
// it turns out to be (an end, a reset, no room, more than a block, no memory), the coroutine comes to it as if it had
// been woken: nothing is lost on the way.
bool Tunnel::pass_on(Direction& direction) {
  if (!plain_) return false;
  try {
    const std::string_view bytes = direction.raw->raw_bytes();
    if (bytes.empty()) return false;
    const iovec part{const_cast<char*>(bytes.data()), bytes.size()};
    const std::size_t sent = direction.receiver->write(&part, 1).bytes;
    if (sent == 0) return false;
    direction.source.passed(bytes.substr(0, sent));
    direction.bytes += sent;
    direction.progress = loop_.now();
    const bool all = direction.raw->raw_consume(sent);
    if (direction.receiver->flush() == IoStatus::Ok) return all;
    direction.state = Pumped::State::WaitingForSink;  // encrypted, and not yet with the kernel: no other event would send it
    return false;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

bool Tunnel::plain() const {
  return to_upstream_.receiver && closing_ == Closing::No && to_upstream_.waits_for_bytes() && to_client_.waits_for_bytes();
}

Task<Tunnel::Ended> Tunnel::run() {
  for (;;) {
    plain_ = again_ = false;
    if (const auto ended = turn()) co_return *ended;
    if (again_) {
      co_await waker_.yield();
      continue;
    }
    const Deadline deadline = next_deadline();
    if (loop_.now() < deadline.at) {
      plain_ = plain();
      co_await waker_.until(deadline.at);
    } else if (const auto ended = timed_out(deadline.what)) {
      co_return *ended;
    }
  }
}

std::optional<Tunnel::Ended> Tunnel::turn() {
  if (cut_) return Ended::Drained;
  if (!move(to_upstream_)) return goodbyes_were_said() ? Ended::Closed : Ended::ClientGone;
  if (!move(to_client_)) {
    if (closing_by_us()) return Ended::Drained;
    return goodbyes_were_said() ? Ended::Closed : Ended::UpstreamGone;
  }
  if (to_client_.done && !to_upstream_.done) upstream_first_ = true;
  go_on_closing();

  // A side that is gone takes nothing any more; what it said before may still be on its way.
  if (upstream_.gone() && !to_upstream_.done) to_upstream_.done = to_upstream_.lost = true;
  if (client_.gone() && !to_client_.done) to_client_.done = to_client_.lost = true;
  if (!to_upstream_.done || !to_client_.done) return std::nullopt;
  if (closing_by_us()) return Ended::Drained;
  return to_client_.lost ? Ended::ClientGone : ended_by_themselves();
}

// Both have sent their close frames: how the connection ends then, without a TLS close_notify for instance, says nothing.
bool Tunnel::goodbyes_were_said() const {
  return websocket_ && to_upstream_.source.closed_by_them() && to_client_.source.closed_by_them();
}

// An app that was killed, or a phone that lost its network and was given up by its system, sends a FIN as well.
Tunnel::Ended Tunnel::ended_by_themselves() const {
  const TunnelSource& from_client = to_upstream_.source;
  const TunnelSource& from_upstream = to_client_.source;
  const bool followed = websocket_ && from_client.follows() && from_upstream.follows();
  if (!followed || from_client.closed_by_them() || from_upstream.closed_by_them()) return Ended::Closed;
  return upstream_first_ ? Ended::UpstreamLeft : Ended::ClientLeft;
}

bool Tunnel::move(Direction& direction) {
  if (direction.done || direction.stands_still()) return true;
  const Pumped pumped = pump(direction.source, direction.sink);
  // As in an exchange: that somebody else is waited for from now on is progress too.
  if (pumped.bytes != 0 || pumped.state != direction.state) direction.progress = loop_.now();
  direction.state = pumped.state;
  direction.bytes += pumped.bytes;
  switch (pumped.state) {
    case Pumped::State::WaitingForSource:
    case Pumped::State::WaitingForSink: break;
    case Pumped::State::Yielded: again_ = true; break;
    case Pumped::State::Done: direction.done = true; break;
    case Pumped::State::SinkFailed:
      // The other direction may still hold its last words; it tells how this ends.
      direction.done = direction.lost = true;
      break;
    case Pumped::State::SourceFailed: return false;
  }
  return true;
}

// ---- Closing

void Tunnel::close(TimePoint at, TimePoint latest) {
  if (closing_ != Closing::No) return;
  closing_ = Closing::Asked;
  close_at_ = at;
  close_latest_ = latest;
  plain_ = false;
  waker_.wake();
}

void Tunnel::cut() {
  cut_ = true;
  plain_ = false;
  waker_.wake();
}

void Tunnel::await_until_latest(Closing next) {
  closing_ = next;
  answer_by_ = std::min(loop_.now() + kAnswerTime, close_latest_);
  again_ = true;
}

void Tunnel::go_on_closing() {
  switch (closing_) {
    case Closing::No:
    case Closing::LeftToThem: return;
    case Closing::Asked:
      if (loop_.now() < close_at_) return;
      if (!websocket_) return cut();  // there is no goodbye that we know
      // A handshake of their own is under way: only the end of the drain is left.
      if (to_client_.source.closed_by_them() || to_upstream_.source.closed_by_them()) {
        closing_ = Closing::LeftToThem;
        return;
      }
      to_client_.source.close(TunnelSource::Place::NextBoundary,
                              http::WebSocketCloseFrame::from_server(http::WebSocketClose::ServiceRestart));
      return await_until_latest(Closing::AwaitingBoundary);
    case Closing::AwaitingBoundary:
      if (!to_client_.source.closed_by_us()) return;
      to_upstream_.source.close(TunnelSource::Place::TheirCloseFrame, close_of_client());
      return await_until_latest(Closing::AwaitingAnswer);
    case Closing::AwaitingAnswer:
      if (!to_upstream_.source.closed_by_us()) return;
      to_upstream_.source.finish();
      return await_until_latest(Closing::AwaitingEnd);
    case Closing::AwaitingEnd: return;  // the upstream's end is to_client_'s
  }
}

// The answer did not come: the upstream is told all the same, where a frame may stand, and both get their FIN.
void Tunnel::stop_waiting() {
  to_upstream_.source.close(TunnelSource::Place::NextBoundary, close_of_client());
  to_upstream_.source.finish();
  to_client_.source.finish();
  move(to_upstream_);
  move(to_client_);
}

// ---- Deadlines

Tunnel::Deadline Tunnel::next_deadline() const {
  Deadline next{std::max(to_upstream_.progress, to_client_.progress) + limits_.idle, WaitingFor::Anything};
  const auto sooner = [&](TimePoint at, WaitingFor what) {
    if (at < next.at) next = {at, what};
  };
  if (!to_client_.done && to_client_.state == Pumped::State::WaitingForSink)
    sooner(to_client_.progress + limits_.client_write, WaitingFor::ClientRead);
  if (to_client_.lost) sooner(to_upstream_.progress + limits_.client_write, WaitingFor::LastWords);
  if (closing_ == Closing::Asked) sooner(close_at_, WaitingFor::ClosingMoment);
  if (closing_by_us()) sooner(answer_by_, WaitingFor::ClosingAnswer);
  return next;
}

std::optional<Tunnel::Ended> Tunnel::timed_out(WaitingFor what) {
  switch (what) {
    case WaitingFor::ClientRead: return Ended::ClientDoesNotRead;
    case WaitingFor::LastWords: return Ended::ClientGone;
    case WaitingFor::ClosingMoment: return std::nullopt;  // has come: the next turn begins
    case WaitingFor::ClosingAnswer: stop_waiting(); return Ended::Drained;
    case WaitingFor::Anything: break;
  }
  return Ended::Idle;
}

// ---- All of a worker's

void Tunnels::add(Tunnel& tunnel, TimePoint now, StreamDrain& streams) {
  all_.push_back(tunnel);
  if (!draining_) return;
  if (tunnel.websocket()) ++expected_;
  announce(tunnel, {std::max(draining_->from, now), draining_->until}, now, streams);
}

void Tunnels::drain(const DrainWindow& window, TimePoint now, StreamDrain& streams) {
  draining_ = window;
  announced_ = 0;
  expected_ = count().websockets;
  all_.for_each([&](Tunnel& tunnel) { announce(tunnel, window, now, streams); });
}

void Tunnels::announce(Tunnel& tunnel, const DrainWindow& window, TimePoint now, StreamDrain& streams) {
  const TimePoint moment = tunnel.websocket() ? closing_moment(window, announced_++, expected_)
                                              : streams.next_moment(now, tunnel.drain_streams());
  tunnel.close(moment, answers_until(*draining_));
}

Tunnels::Count Tunnels::count() {
  Count count;
  all_.for_each([&](Tunnel& tunnel) { ++(tunnel.websocket() ? count.websockets : count.others); });
  return count;
}

void Tunnels::cut_all() {
  all_.for_each([](Tunnel& tunnel) { tunnel.cut(); });
}

}  // namespace frontdoor
