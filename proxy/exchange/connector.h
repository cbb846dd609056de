// Connects to upstreams, whatever is spoken then: each of their addresses in turn, with room for a descriptor, within the
// time there is, and with a handshake where there is TLS. What of it differs by protocol its caller brings along. One worker.

#pragma once

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string_view>
#include <utility>

#include "base/connect_failure.h"
#include "base/proxy_protocol.h"
#include "loop/transport.h"
#include "loop/turn_budget.h"
#include "proxy/exchange/stream.h"
#include "proxy/upstreams/local_snapshot.h"
#include "proxy/upstreams/worker_room.h"
#include "tls/session.h"

namespace frontdoor {

// What a failed connect means for the request.
UpstreamFailure upstream_failure(ConnectFailure failure);

class Connector {
 public:
  Connector(EventLoop& loop, WorkerRoom& room) : loop_(loop), room_(room) {}

  ConnectionBudget* budget() const { return room_.budget(); }

  // Given up, with neither stream nor failure, when nobody wants it any more. `Result` is Dialed or its like. `Protocol` has
  //   auto make()                            a connection that is none yet; its transport() is connected
  //   std::string_view introduction(room)    a PROXY header, which its introduce() sends first; "" = none
  //   std::string_view alpn()                what it wants to speak
  //   const char* objection(session)         after a handshake: why it can not; null: it can
  template <class Result, class Protocol>
  Task<Result> connect(LocalUpstream& upstream, Waker& waker, TimePoint deadline, Wanted& wanted, Protocol protocol);

 private:
  struct Shaken {
    UpstreamFailure failure = UpstreamFailure::None;
    const char* detail = "";
    bool unwanted = false;  // nobody waits for it any more
  };
  // For one of many addresses: what a connect takes around the world.
  static constexpr Duration kLeastPatience = Millis{250};

  int start(Transport& transport, const Endpoint& to, bool& room_is_coming);
  tls::Session* encrypt(Transport& transport, LocalUpstream& upstream, std::string_view alpn);
  Task<Shaken> shake_hands(tls::Session& session, LocalUpstream& upstream, Waker& waker, TimePoint deadline, Wanted& wanted);

  EventLoop& loop_;
  WorkerRoom& room_;
  // Each checks a chain of signatures. After an upstream has come back there may be hundreds at once.
  TurnBudget handshake_steps_{loop_, 8};
};

template <class Result, class Protocol>
Task<Result> Connector::connect(LocalUpstream& upstream, Waker& waker, TimePoint deadline, Wanted& wanted,
                                Protocol protocol) {
  const auto endpoints = upstream.shared->endpoints();
  Result dialed;
  dialed.failure = endpoints->empty() ? UpstreamFailure::Unreachable : UpstreamFailure::Refused;
  std::size_t left = endpoints->size();
  for (const Endpoint& endpoint : *endpoints) {
    // As with probes: a silent first address must not hide a second that answers.
    const Duration share = (deadline - loop_.now()) / static_cast<int>(left--);
    const TimePoint patience = std::min(deadline, loop_.now() + std::max(share, kLeastPatience));
    room_.make_for_upstream();
    dialed.room_is_coming = false;
    auto connection = protocol.make();
    int error = start(connection->transport(), endpoint, dialed.room_is_coming);
    while (error == EINPROGRESS) {
      co_await waker.until(std::min(patience, wanted.wanted_until()));
      if (loop_.now() >= wanted.wanted_until()) {
        dialed.failure = UpstreamFailure::None;
        co_return dialed;
      }
      if (connection->transport().connected(error) != Transport::Connecting::Pending) break;
      error = loop_.now() >= patience ? ETIMEDOUT : EINPROGRESS;
    }
    dialed.error = error;
    // A name with several addresses is refused only when all of them are; out of time is out of time.
    const auto note = [&dialed](UpstreamFailure failure, const char* detail) {
      if (failure == UpstreamFailure::Refused && dialed.failure != UpstreamFailure::Refused) return;
      dialed.failure = failure;
      dialed.detail = detail;
    };
    if (error == 0) {
      ProxyHeaderBytes room;
      const auto header = protocol.introduction(room);
      Shaken shaken;
      tls::Session* session = nullptr;
      if (upstream.shared->address().tls) {
        session = encrypt(connection->transport(), upstream, protocol.alpn());
        if (!session) shaken = {UpstreamFailure::TlsFailed, "the files of the pool's tls can not be used"};
      }
      if (!header.empty() && shaken.failure == UpstreamFailure::None) connection->introduce(header);
      if (session) shaken = co_await shake_hands(*session, upstream, waker, patience, wanted);
      if (session && shaken.failure == UpstreamFailure::None && !shaken.unwanted)
        if (const char* const objection = protocol.objection(*session)) shaken = {UpstreamFailure::TlsFailed, objection};
      if (shaken.failure == UpstreamFailure::None) {
        dialed.failure = UpstreamFailure::None;
        dialed.detail = "";
        if (!shaken.unwanted) dialed.stream = std::move(connection);
        co_return dialed;
      }
      note(shaken.failure, shaken.detail);
    } else {
      note(upstream_failure(connect_failure(error, endpoint.is_unix())), "");
    }
    if (loop_.now() >= deadline) break;
  }
  co_return dialed;
}

}  // namespace frontdoor
