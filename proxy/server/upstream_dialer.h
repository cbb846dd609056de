// Gets streams to upstreams by the protocol that each is spoken to. One worker.

#pragma once

#include <utility>

#include "proxy/h1/h1_dialer.h"
#include "proxy/h2_upstream/h2_dialer.h"

namespace frontdoor {

class UpstreamDialer final : public Dialer {
 public:
  UpstreamDialer(EventLoop& loop, BufferPool& buffers, const http::HeadLimits& limits, WorkerRoom& room,
                 MalformedMessages* malformed)
      : connector_(loop, room), h1_(loop, buffers, limits, connector_), h2_(loop, buffers, limits, connector_, malformed) {}

  void limit_heads(const http::HeadLimits& limits) {
    h1_.limit_heads(limits);
    h2_.limit_heads(limits);
  }

  std::unique_ptr<UpstreamStream> reuse(LocalUpstream& upstream, Waker& waker, Verify verify) override {
    return upstream.speaks_http2 ? h2_.reuse(upstream, waker, verify) : h1_.reuse(upstream, waker, verify);
  }
  Task<Dialed> dial(LocalUpstream& upstream, Waker& waker, TimePoint deadline, Caller& caller) override {
    return upstream.speaks_http2 ? h2_.dial(upstream, waker, deadline, caller) : h1_.dial(upstream, waker, deadline, caller);
  }
  Task<Dialed> knock(LocalUpstream& upstream, Waker& waker, TimePoint deadline, Caller& caller) override {
    return upstream.speaks_http2 ? h2_.knock(upstream, waker, deadline, caller) : h1_.knock(upstream, waker, deadline, caller);
  }
  // By what it is, and not by what is spoken now: a reload may have changed that since.
  void give_back(LocalUpstream& upstream, std::unique_ptr<UpstreamStream> stream, Millis idle_limit) override {
    if (stream->shares_connection()) h2_.give_back(upstream, std::move(stream), idle_limit);
    else h1_.give_back(upstream, std::move(stream), idle_limit);
  }

 private:
  Connector connector_;
  H1Dialer h1_;
  H2Dialer h2_;
};

}  // namespace frontdoor
