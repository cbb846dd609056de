#include "proxy/server/handshakes.h"

#include "proxy/server/tls_handshake.h"

namespace frontdoor {

void Handshakes::begin(TlsHandshake& handshake) {
  if (count_ >= kMost) {
    under_way_.pop_front().cut();
    --count_;
  }
  under_way_.push_back(handshake);
  ++count_;
}

void Handshakes::end(TlsHandshake& handshake) {
  if (!handshake.linked()) return;  // has made room
  handshake.unlink();
  --count_;
}

}  // namespace frontdoor
