#include "proxy/server/handshakes.h"

#include "proxy/server/tls_handshake.h"

namespace frontdoor {

bool Handshakes::may_step() {
  if (turn_ != loop_.turn()) {
    turn_ = loop_.turn();
    steps_ = 0;
  }
  return steps_++ < kStepsInATurn;
}

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
