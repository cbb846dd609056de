// What the sessions of all protocols have in common: who is at the other end of their connection, to whom they say
// whether it works or waits, and how they end. One worker.

#pragma once

#include <cstdint>
#include <string_view>

#include "base/cidr.h"
#include "base/ip_address.h"
#include "proxy/exchange/listener_terms.h"
#include "proxy/exchange/stream.h"
#include "tls/facts.h"

namespace frontdoor {

// The client at the other end, and whose word about other clients counts.
struct ConnectedClient {
  IpEndpoint address;
  const Cidrs& trusted_proxies;
  const ListenerTerms& terms;
  bool named = true;  // false: somebody behind a proxy that does not know who, so that the address is the proxy's
  const tls::Facts* tls = nullptr;  // null: plain
  const std::shared_ptr<UpstreamDrain>* listener_drain = nullptr;
};

// As its requests are described, unless a proxy names another client. Views `address_text`, that address as text.
ClientInfo client_info(const ConnectedClient& client, std::string_view address_text);

// Hears whom the connection waits for: its client, for a request, or others, during exchanges.
class SessionOwner {
 public:
  virtual void head_begun() = 0;  // the first bytes of one that did not come whole
  virtual void exchange_begins() = 0;
  virtual void exchange_ended() = 0;

 protected:
  ~SessionOwner() = default;
};

enum class SessionEnded : std::uint8_t {
  Close,
  Reset,
  Idle,   // nothing is unread: it may be parked
  Http2,  // what has come is the beginning of HTTP/2 (RFC 9113 §3.4)
};

}  // namespace frontdoor
