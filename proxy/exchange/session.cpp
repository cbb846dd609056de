#include "proxy/exchange/session.h"

namespace frontdoor {

namespace {

// RFC 7239 §6.2's word for a hop without an address, here a unix socket's.
constexpr std::string_view kUnnamedHop = "unknown";

}  // namespace

ClientInfo client_info(const ConnectedClient& client, std::string_view address_text) {
  const bool known = client.address.address.known();
  return {.ip = address_text,
          .address = client.address,
          .last_hop = known ? address_text : kUnnamedHop,
          .scheme = client.tls ? "https" : "http",
          .tls = client.tls,
          .hsts = client.terms.hsts,
          .redirect_port = client.terms.redirect_port,
          .via = client.terms.via,
          .server_timing = client.terms.server_timing,
          .proxy_status = client.terms.proxy_status,
          .request_id_header = client.terms.request_id_header,
          .listener = client.terms.index,
          .trusted = client.named && contains(client.trusted_proxies, client.address.address),
          .listener_drain = client.listener_drain};
}

}  // namespace frontdoor
