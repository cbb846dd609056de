// A client's certificate in words that fit into a header field. Pure.

#pragma once

#include "tls/facts.h"
#include "tls/openssl.h"

namespace frontdoor::tls {

// Printable ASCII only, whatever its owner has put into it: what is not is escaped as RFC 2253 says.
ClientCertificate describe(X509* certificate);

}  // namespace frontdoor::tls
