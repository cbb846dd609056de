#include "proxy/h1/h1_dialer.h"

#include <algorithm>
#include <cerrno>

#include "proxy/h1/h1_upstream_connection.h"
#include "proxy/upstreams/idle_limit.h"
#include "tls/session.h"

namespace frontdoor {

namespace {

// For one of many addresses: what a connect takes around the world.
constexpr Duration kLeastPatience = Millis{250};

bool lacks_descriptor(int error) { return error == EMFILE || error == ENFILE; }

}  // namespace

UpstreamFailure upstream_failure(ConnectFailure failure) {
  switch (failure) {
    case ConnectFailure::Refused: return UpstreamFailure::Refused;
    case ConnectFailure::Full: return UpstreamFailure::Overloaded;
    case ConnectFailure::TimedOut: return UpstreamFailure::ConnectTimeout;
    case ConnectFailure::OurFault: return UpstreamFailure::LocalResources;
    case ConnectFailure::Unreachable: break;
  }
  return UpstreamFailure::Unreachable;
}

std::unique_ptr<UpstreamStream> H1Dialer::reuse(LocalUpstream& upstream, Waker& waker, Verify verify) {
  if (upstream.send_proxy != ProxyVersion::None) return nullptr;
  while (!upstream.idle.empty()) {
    std::unique_ptr<H1UpstreamConnection> connection(static_cast<H1UpstreamConnection*>(&upstream.idle.pop_front()));
    if (connection->incarnation() != upstream.shared->seen().incarnation) continue;
    if (connection->lease(waker, verify == Verify::Yes)) return connection;
  }
  return nullptr;
}

namespace {

// Nothing for a pool without `send_proxy`. The port is known of a client that has connected to us itself.
std::string_view introduction(ProxyVersion version, const ClientStream& client, ProxyHeaderBytes& room) {
  if (version == ProxyVersion::None) return {};
  const ProxiedConnection connection{client.client().address, client.local_address()};
  return write_proxy_header(version, connection, room);
}

}  // namespace

// Without a descriptor the request is not lost yet: what is idle makes room for it.
int H1Dialer::start_connect(H1UpstreamConnection& connection, const Endpoint& to, Dialed& dialed) {
  int error = connection.transport().start_connect(to);
  if (!lacks_descriptor(error)) return error;
  switch (room_.make(Newcomers::Closed)) {
    case Room::Now:
      error = connection.transport().start_connect(to);
      dialed.room_is_coming = lacks_descriptor(error);  // another thread was faster; there may be more to close
      break;
    case Room::Soon: dialed.room_is_coming = true; break;
    case Room::None:
      if (room_.budget()) room_.budget()->count_full();
      dialed.room_is_coming = room_.ask_others();
      break;
  }
  return error;
}

// Within the time for connecting. What is sent here is no byte of a request. `header`: a PROXY header, or nothing.
Task<H1Dialer::Shaken> H1Dialer::shake_hands(H1UpstreamConnection& connection, LocalUpstream& upstream,
                                             std::string_view header, Waker& waker, TimePoint deadline, Caller& caller) {
  if (!upstream.tls) co_return Shaken{UpstreamFailure::TlsFailed, "the files of the pool's tls can not be used"};
  Transport& transport = connection.transport();
  auto own = upstream.tls->connect(transport, upstream.server_name, upstream.tls_sessions);
  tls::Session& session = *own;
  transport.encrypt(std::move(own));
  if (!header.empty()) connection.introduce(header);
  for (;;) {
    tls::Session::Step step = tls::Session::Step::Pending;
    const bool may_step = handshake_steps_.take();
    if (may_step) step = session.shake_hands();
    if (step == tls::Session::Step::Failed) {
      upstream.tls_sessions.forget();  // perhaps it was that
      co_return Shaken{session.untrusted() ? UpstreamFailure::Untrusted : UpstreamFailure::TlsFailed, session.failure()};
    }
    if (session.flush() == IoStatus::Failed) co_return Shaken{UpstreamFailure::TlsFailed, "the connection ended"};
    if (step == tls::Session::Step::Done) co_return Shaken{};
    if (loop_.now() >= deadline) co_return Shaken{UpstreamFailure::ConnectTimeout, "no TLS handshake in time"};
    if (may_step) co_await waker.until(std::min(deadline, caller.wanted_until()));
    else co_await waker.yield();
    if (loop_.now() >= caller.wanted_until()) co_return Shaken{.unwanted = true};
  }
}

Task<Dialed> H1Dialer::dial(LocalUpstream& upstream, Waker& waker, TimePoint deadline, Caller& caller) {
  const auto endpoints = upstream.shared->endpoints();
  Dialed dialed;
  dialed.failure = endpoints->empty() ? UpstreamFailure::Unreachable : UpstreamFailure::Refused;
  std::size_t left = endpoints->size();
  for (const Endpoint& endpoint : *endpoints) {
    // As with probes: a silent first address must not hide a second that answers.
    const Duration share = (deadline - loop_.now()) / static_cast<int>(left--);
    const TimePoint patience = std::min(deadline, loop_.now() + std::max(share, kLeastPatience));
    room_.make_for_upstream();
    dialed.room_is_coming = false;
    auto connection = std::make_unique<H1UpstreamConnection>(loop_, buffers_, limits_, upstream, room_.budget());
    connection->lease(waker, false);
    int error = start_connect(*connection, endpoint, dialed);
    while (error == EINPROGRESS) {
      co_await waker.until(std::min(patience, caller.wanted_until()));
      if (loop_.now() >= caller.wanted_until()) {
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
      const auto header = introduction(upstream.send_proxy, caller.client(), room);
      Shaken shaken;
      if (upstream.shared->address().tls)
        shaken = co_await shake_hands(*connection, upstream, header, waker, patience, caller);
      else if (!header.empty())
        connection->introduce(header);
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

void H1Dialer::give_back(LocalUpstream& upstream, std::unique_ptr<UpstreamStream> stream, Millis configured) {
  auto* connection = static_cast<H1UpstreamConnection*>(stream.get());
  const bool current = upstream.named() && connection->incarnation() == upstream.shared->seen().incarnation &&
                       connection->trust() == upstream.trust();
  if (!current || !connection->reusable()) return;  // closed by the unique_ptr
  static_cast<void>(stream.release());
  connection->idle_for(idle_limit(configured, upstream.shared->learned_idle_limit()));
}

}  // namespace frontdoor
