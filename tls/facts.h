// What a handshake has settled, as the access log and the upstream are told of it. Values.

#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace frontdoor::tls {

struct Certificate;

// Of a client that has shown a certificate which its listener's client_ca verifies. Printable ASCII.
struct ClientCertificate {
  std::string subject;      // RFC 2253: "CN=alice,O=Example"
  std::string issuer;
  std::string serial;       // hex
  std::string fingerprint;  // SHA-256 of the certificate, hex
  std::string not_after;    // "2026-11-28"
};

struct Facts {
  std::string_view version = {};  // "TLSv1.3"; a constant
  std::string_view cipher = {};   // "TLS_AES_256_GCM_SHA384"; a constant
  std::string server_name = {};   // as the client asked for it, normal; "" = it did not
  bool resumed = false;
  std::shared_ptr<const Certificate> certificate = {};  // that the client was shown, or would have been
  std::unique_ptr<const ClientCertificate> client = {};

  // Whether a request for `host` (without port) may come by this connection: it does when the name that the connection
  // was made for is this one, or none was said, or the certificate covers it (RFC 9110 §7.4, §15.5.20).
  bool may_ask_for(std::string_view host) const;
};

}  // namespace frontdoor::tls
