// Gets HTTP/1 connections to upstreams: idle ones first, the one used last before the others (its buffers and the
// upstream's are warm, and the rest may time out), fresh ones otherwise. One worker.

#pragma once

#include "base/connect_failure.h"
#include "http/head_parser.h"
#include "loop/buffer_pool.h"
#include "loop/turn_budget.h"
#include "proxy/exchange/stream.h"
#include "proxy/upstreams/worker_room.h"

namespace frontdoor {

class H1UpstreamConnection;

class H1Dialer final : public Dialer {
 public:
  H1Dialer(EventLoop& loop, BufferPool& buffers, const http::HeadLimits& limits, WorkerRoom& room)
      : loop_(loop), buffers_(buffers), limits_(limits), room_(room) {}

  void limit_heads(const http::HeadLimits& limits) { limits_ = limits; }  // of connections that are made from now on

  std::unique_ptr<UpstreamStream> reuse(LocalUpstream& upstream, Waker& waker, Verify verify) override;
  Task<Dialed> dial(LocalUpstream& upstream, Waker& waker, TimePoint deadline, Caller& caller) override;
  void give_back(LocalUpstream& upstream, std::unique_ptr<UpstreamStream> stream, Millis idle_limit) override;

 private:
  struct Shaken {
    UpstreamFailure failure = UpstreamFailure::None;
    const char* detail = "";
    bool unwanted = false;  // nobody waits for it any more
  };
  Task<Shaken> shake_hands(H1UpstreamConnection& connection, LocalUpstream& upstream, std::string_view header, Waker& waker,
                           TimePoint deadline, Caller& caller);
  int start_connect(H1UpstreamConnection& connection, const Endpoint& to, Dialed& dialed);

  EventLoop& loop_;
  BufferPool& buffers_;
  http::HeadLimits limits_;
  WorkerRoom& room_;
  // Each checks a chain of signatures. After an upstream has come back there may be hundreds at once.
  TurnBudget handshake_steps_{loop_, 8};
};

// What a failed connect means for the request.
UpstreamFailure upstream_failure(ConnectFailure failure);

}  // namespace frontdoor
