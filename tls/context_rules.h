// What holds for every encrypted connection of ours, to clients and to upstreams: protocol versions, ciphers, memory.

#pragma once

#include "tls/openssl.h"

namespace frontdoor::tls {

void apply_common_rules(SSL_CTX* context);

}  // namespace frontdoor::tls
