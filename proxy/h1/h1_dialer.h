// Gets HTTP/1 connections to upstreams: idle ones first, the one used last before the others (its buffers and the
// upstream's are warm, and the rest may time out), fresh ones otherwise. One worker.

#pragma once

#include "http/head_parser.h"
#include "loop/buffer_pool.h"
#include "proxy/exchange/connector.h"
#include "proxy/exchange/stream.h"

namespace frontdoor {

class H1Dialer final : public Dialer {
 public:
  H1Dialer(EventLoop& loop, BufferPool& buffers, const http::HeadLimits& limits, Connector& connector)
      : loop_(loop), buffers_(buffers), limits_(limits), connector_(connector) {}

  void limit_heads(const http::HeadLimits& limits) { limits_ = limits; }  // of connections that are made from now on

  std::unique_ptr<UpstreamStream> reuse(LocalUpstream& upstream, Waker& waker, Verify verify) override;
  Task<Dialed> dial(LocalUpstream& upstream, Waker& waker, TimePoint deadline, Caller& caller) override;
  void give_back(LocalUpstream& upstream, std::unique_ptr<UpstreamStream> stream, Millis idle_limit) override;

 private:
  struct Protocol;

  EventLoop& loop_;
  BufferPool& buffers_;
  http::HeadLimits limits_;
  Connector& connector_;
};

}  // namespace frontdoor
