#include "proxy/h1/h1_dialer.h"

#include "proxy/h1/h1_upstream_connection.h"
#include "proxy/upstreams/idle_limit.h"

namespace frontdoor {

std::unique_ptr<UpstreamStream> H1Dialer::reuse(LocalUpstream& upstream, Waker& waker, Verify verify) {
  if (upstream.send_proxy != ProxyVersion::None) return nullptr;
  while (!upstream.idle.empty()) {
    std::unique_ptr<H1UpstreamConnection> connection(static_cast<H1UpstreamConnection*>(&upstream.idle.pop_front()));
    if (connection->incarnation() != upstream.shared->seen().incarnation) continue;
    if (connection->lease(waker, verify == Verify::Yes)) return connection;
  }
  return nullptr;
}

// What is HTTP/1's of a connect. Trivially destructible: the coroutine keeps it.
struct H1Dialer::Protocol {
  H1Dialer& dialer;
  LocalUpstream& upstream;
  Waker& waker;
  const Caller& caller;

  std::unique_ptr<H1UpstreamConnection> make() const {
    auto connection = std::make_unique<H1UpstreamConnection>(dialer.loop_, dialer.buffers_, dialer.limits_, upstream,
                                                             dialer.connector_.budget());
    connection->lease(waker, false);
    return connection;
  }
  // Nothing for a pool without `send_proxy`. The port is known of a client that has connected to us itself.
  std::string_view introduction(ProxyHeaderBytes& room) const {
    if (upstream.send_proxy == ProxyVersion::None) return {};
    const ClientStream& client = caller.client();
    const ProxiedConnection connection{client.client().address, client.local_address()};
    return write_proxy_header(upstream.send_proxy, connection, room);
  }
  static std::string_view alpn() { return tls::kAlpnHttp11; }
  static const char* objection(const tls::Session&) { return nullptr; }
};

Task<Dialed> H1Dialer::dial(LocalUpstream& upstream, Waker& waker, TimePoint deadline, Caller& caller) {
  return connector_.connect<Dialed>(upstream, waker, deadline, caller, Protocol{*this, upstream, waker, caller});
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
