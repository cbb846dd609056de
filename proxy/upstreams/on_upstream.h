// What is on an upstream: a request, its answer, a tunnel. It is told of all that becomes of the upstream meanwhile, and
// looks itself what that means for it. Its Lease is in the list of the LocalUpstream. One worker.

#pragma once

#include <cstdint>

#include "balancer/upstream.h"
#include "proxy/upstreams/upstream_drain.h"

namespace frontdoor {

class OnUpstream {
 public:
  virtual void upstream_went_down(std::uint64_t incarnation, DownCause cause) = 0;  // it was taken out
  virtual void upstream_drains(UpstreamDrain& drain) = 0;  // it leaves its pool: what has no end of its own is closed
  virtual void drain_begins() = 0;                         // the worker's: a stream is told when to end
  virtual bool is_stream() const = 0;                      // of events or gRPC, without an end of its own
  virtual bool is_websocket() const = 0;
  virtual const ListenerDrain* listener_drain() const = 0;  // of the Listener by which it came; null: of none

 protected:
  ~OnUpstream() = default;
};

}  // namespace frontdoor
