// When an upstream that has become silent is asked by a PING whether it is still there, so that nobody waits on a connection
// that is dead and does not say so, and no server takes us for a nuisance: those of gRPC end a connection that pings more often
// than every five minutes without data of theirs in between (GOAWAY too_many_pings). Asked while there are streams only.
// Pure: time is an argument. RFC 9113 §6.7, gRPC's keepalive (gRFC A8).

#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.h"

namespace frontdoor::http2 {

class KeepAlive {
 public:
  static constexpr Duration kSilence = std::chrono::seconds{30};  // of the upstream, while it was said something, before a PING
  static constexpr Duration kPatience = std::chrono::seconds{10};  // with its answer
  static constexpr Duration kBetween = std::chrono::seconds{310};  // two PINGs, where the upstream sends no data
  static constexpr Duration kLongestBetween = std::chrono::hours{2};

  // `between`: what was learned of this upstream; zero = nothing.
  KeepAlive(TimePoint now, Duration between) : between_(std::max(between, kBetween)), heard_at_(now), said_at_(now) {}

  void heard(TimePoint now) { heard_at_ = now, asking_ = false; }  // anything: it is there
  void data_came() { counted_ = false; }                         // HEADERS or DATA: servers count from there
  // Our HEADERS or DATA. The first that nothing is heard after: a connection that is dead may be said more and more to.
  void said(TimePoint now) {
    if (said_at_ <= heard_at_) said_at_ = now;
  }

  enum class Due : std::uint8_t { Nothing, Ping, Dead };
  Due look(TimePoint now) const {
    if (now < next()) return Due::Nothing;
    return asking_ ? Due::Dead : Due::Ping;
  }
  TimePoint next() const {
    if (asking_) return asked_at_ + kPatience;
    const TimePoint silent = std::max(heard_at_, said_at_) + kSilence;
    return counted_ ? std::max(silent, asked_at_ + between_) : silent;
  }
  void asked(TimePoint now) { asked_at_ = now, asking_ = counted_ = true; }

  // What follows from a GOAWAY too_many_pings, for the connections to come.
  static Duration after_complaint(Duration between) { return std::min(2 * std::max(between, kBetween), kLongestBetween); }

 private:
  const Duration between_;
  TimePoint heard_at_;
  TimePoint said_at_;
  TimePoint asked_at_{};
  bool asking_ = false;   // and it has not been heard since
  bool counted_ = false;  // the last one, by a server that counts them
};

}  // namespace frontdoor::http2
