// One attempt to be served by an upstream: its place there, the stream to it, and what has become of both. It gives back
// what it holds when it is left, begun anew, or ends with its exchange; what it was is still known then, for the log.
// Belongs to an exchange; one worker.

#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "base/time.h"
#include "proxy/exchange/stream.h"
#include "proxy/upstreams/lease.h"
#include "proxy/upstreams/local_snapshot.h"

namespace frontdoor {

struct UpstreamAttempt {
  explicit UpstreamAttempt(OnUpstream& exchange) : lease(exchange) {}

  void begin(LocalUpstream& on, Lease::Slot slot) {
    upstream = &on;
    seen = on.shared->seen();
    went_down = DownCause::None;
    death_noted = budget_granted = another_seen_up = false;
    lease.take(on, slot);
  }
  void leave() {
    stream.reset();
    lease.give_back();
  }
  bool under_way() const { return lease.held(); }

  bool sent() const { return stream && stream->sent_anything(); }
  bool on_reused_connection() const { return stream && stream->reused(); }

  LocalUpstream* upstream = nullptr;  // the last one, until the configuration changes
  Upstream::Seen seen{};
  Lease lease;
  std::unique_ptr<UpstreamStream> stream;  // dropped before the lease is given back
  UpstreamFailure failure = UpstreamFailure::None;
  DownCause went_down = DownCause::None;  // why the upstream was taken out while the request was on it
  bool death_noted = false;               // that the upstream died with it
  // Of a verdict on its failure, until it is carried out: all workers share what it was found from, and may change it in between.
  bool budget_granted = false;   // the retry budget had one more
  bool another_seen_up = false;  // an upstream was up that the request had not been on
  bool gave_place_up = false;    // in the queue for a connection: its client has sent a FIN
};

// All attempts of a request so far.
struct Attempts {
  std::span<LocalUpstream* const> upstreams() const { return {tried.data(), tried_count}; }
  bool all_remembered() const { return tried_count < tried.size(); }
  void note(LocalUpstream& on) {
    if (tried_count < tried.size()) tried[tried_count++] = &on;
    else tried.back() = &on;  // the last one is avoided where all have been tried
    ++picked;
  }
  // The configuration has changed: those upstreams may be no more.
  void forget_upstreams() {
    tried_count = 0;
    fresh_only = untried_only = false;
    same_again_at = {};
  }

  std::array<LocalUpstream*, 8> tried{};
  std::uint32_t tried_count = 0;
  std::uint32_t picked = 0;   // upstreams
  std::uint32_t tries = 0;    // begun, without those that is_try() does not count
  bool looked = false;        // at the last connection, before it was used: its end then was no matter of its age
  bool fresh_only = false;    // a reused connection has just turned out stale
  bool untried_only = false;  // the last one was silent, or knows no WebSockets
  TimePoint same_again_at{};  // the one that has reset it does not get it before; another one may
};

}  // namespace frontdoor
