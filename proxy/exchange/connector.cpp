#include "proxy/exchange/connector.h"

namespace frontdoor {

namespace {

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

// Without a descriptor the request is not lost yet: what is idle makes room for it.
int Connector::start(Transport& transport, const Endpoint& to, bool& room_is_coming) {
  int error = transport.start_connect(to);
  if (!lacks_descriptor(error)) return error;
  switch (room_.make(Newcomers::Closed)) {
    case Room::Now:
      error = transport.start_connect(to);
      room_is_coming = lacks_descriptor(error);  // another thread was faster; there may be more to close
      break;
    case Room::Soon: room_is_coming = true; break;
    case Room::None:
      if (room_.budget()) room_.budget()->count_full();
      room_is_coming = room_.ask_others();
      break;
  }
  return error;
}

tls::Session* Connector::encrypt(Transport& transport, LocalUpstream& upstream, std::string_view alpn) {
  if (!upstream.tls) return nullptr;
  auto own = upstream.tls->connect(transport, upstream.server_name, upstream.tls_sessions, alpn);
  tls::Session* const session = own.get();
  transport.encrypt(std::move(own));
  return session;
}

// Within the time for connecting. What is sent here is no byte of a request.
Task<Connector::Shaken> Connector::shake_hands(tls::Session& session, LocalUpstream& upstream, Waker& waker,
                                               TimePoint deadline, Wanted& wanted) {
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
    if (may_step) co_await waker.until(std::min(deadline, wanted.wanted_until()));
    else co_await waker.yield();
    if (loop_.now() >= wanted.wanted_until()) co_return Shaken{.unwanted = true};
  }
}

}  // namespace frontdoor
