// How an exchange goes on when its upstream accepts an upgrade: checks the 101, lets go of what a long life should not
// keep (snapshot, head, buffers), and hands over to a Tunnel.

#include "http/upgrade.h"
#include "proxy/exchange/exchange.h"
#include "proxy/exchange/outcome.h"

namespace frontdoor {

namespace {
constexpr const char* kNoCloseFrame = "ended without a close frame";
}

Exchange::Relayed Exchange::switch_protocols(const http::ResponseHead& head) {
  // RFC 9110 §7.8: only to what was offered, and not before the request has ended.
  attempt_.failure = UpstreamFailure::InvalidResponse;
  detail_ = "a 101 that was not asked for";
  const bool asked = relay_.request_complete() && http::accepts_upgrade(client_.request(), head);
  if (!asked) return Relayed::UpstreamFailed;
  detail_ = client_.send_failure_detail();

  // The request's head makes room for the tunnel's bytes. A log that a reload switches on meanwhile is too late for it.
  tally_.logged = tally_.logged && context_.access_log;
  if (tally_.logged) tally_.kept = std::make_unique<KeptRecord>(describe_request());
  tunnel_frames_ = http::is_websocket(head) ? Tunnel::Frames::WebSocket : Tunnel::Frames::Unknown;
  http::forward_upgrade(head, client_.client().via, context_.fields, context_.scratch);
  add_listener_headers(AnsweredBy::Upstream);
  note_answer();  // while there is still a request to tell of
  if (!client_.switch_protocols(head.reason, context_.fields)) return Relayed::UpstreamFailed;
  attempt_.stream->switch_protocols();
  attempt_.failure = UpstreamFailure::None;
  detail_ = "";
  committed_ = true;
  status_ = 101;
  tally_.first_byte = now();
  note_upstream_answered();
  return Relayed::Switched;
}

Task<> Exchange::tunnel() {
  const TunnelLimits limits{timeouts().stream_idle, timeouts().client_write, timeouts().drain_streams};
  tunnel_upstream_ = attempt_.upstream->shared_from_this();
  route_ = nullptr;
  pool_ = nullptr;
  snapshot_ = {};

  Tunnel tunnel(context_.loop, waker_, client_, *attempt_.stream, tunnel_frames_, limits);
  context_.tunnels.add(tunnel, now(), context_.streams);
  tunnel_ = &tunnel;
  join_drains();
  const Tunnel::Ended ended = co_await tunnel.run();
  tunnel_ = nullptr;
  tally_.bytes_sent += tunnel.bytes_to_client();
  tally_.tunnelled_to_upstream = tunnel.bytes_to_upstream();
  switch (ended) {
    case Tunnel::Ended::Closed: outcome_ = outcome::kServed; co_return;
    case Tunnel::Ended::Drained:
      outcome_ = outcome::kDrained;
      if (tunnel.websocket()) co_return;
      break;
    // Both have had their FIN, but a WebSocket that ends without a close frame has lost somebody (RFC 6455 §7.1.5).
    case Tunnel::Ended::ClientLeft:
      outcome_ = outcome::kClientClosed;
      detail_ = kNoCloseFrame;
      co_return;
    case Tunnel::Ended::UpstreamLeft:
      outcome_ = outcome::kResponseTruncated;
      detail_ = kNoCloseFrame;
      co_return;
    case Tunnel::Ended::ClientGone: outcome_ = outcome::kClientClosed; break;
    case Tunnel::Ended::UpstreamGone: outcome_ = outcome::kResponseTruncated; break;
    case Tunnel::Ended::ClientDoesNotRead: outcome_ = outcome::kClientWriteTimeout; break;
    case Tunnel::Ended::Idle: outcome_ = outcome::kStreamIdle; break;
  }
  // Cut in the middle of whatever it was: neither side may take that for an end.
  client_.abort();
  attempt_.stream->abort();
}

}  // namespace frontdoor
