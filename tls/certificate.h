// One certificate with its chain and its key, checked: what a listener shows to clients. Made of the text of files;
// immutable afterwards, and shared by all workers.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tls/openssl.h"

namespace frontdoor::tls {

enum class KeyKind : std::uint8_t { Ecdsa, Rsa, Other };

struct Certificate {
  X509Ptr leaf;
  std::vector<X509Ptr> chain;  // behind the leaf, each the issuer of the one before
  KeyPtr key;
  KeyKind kind = KeyKind::Other;
  std::vector<std::string> names;  // of the SANs, lower case: "a.example", "*.b.example", "192.0.2.1"
  std::int64_t not_before = 0;     // seconds since 1970
  std::int64_t not_after = 0;
  std::string staple;              // an OCSP response in DER; "" = none
  std::int64_t staple_until = 0;   // seconds since 1970; 0 = it does not say
  std::string file;                // what logs call it

  // Whether a client that asks for `host` may accept it (RFC 9525 §6.3): a wildcard stands for one label. Case-blind.
  bool covers(std::string_view host) const;
};

struct CertificateTexts {
  std::string file;    // the certificate's path, for messages
  std::string cert;    // PEM: the certificate and its chain
  std::string key;     // PEM
  std::string staple;  // DER; "" = none
};

struct LoadedCertificate {
  std::shared_ptr<const Certificate> certificate;  // null: error says why
  std::string error;
  std::vector<std::string> warnings;  // it can be used, but hardly as it was meant
};

// `now`: seconds since 1970. An expired certificate is a warning: the clients judge, and most refuse it.
LoadedCertificate load_certificate(const CertificateTexts& texts, std::int64_t now);

std::int64_t seconds_of(const ASN1_TIME* time);  // since 1970

// That it has expired or soon will, and who refuses it then: "it expires on 2026-12-01". "" = neither.
std::string expiry_warning(std::int64_t not_after, std::int64_t now, std::string_view who_refuses);

// What its clients will not like about its dates, and those of its staple.
std::vector<std::string> date_warnings(const Certificate& certificate, std::int64_t now);

std::string day_text(std::int64_t unix_seconds);  // "2026-11-28"

}  // namespace frontdoor::tls
