// One end of an encrypted connection, over memory: what a Peer speaks where the other side is a listener with TLS or an
// upstream of https. Believes everybody, and is believed by who verifies nothing.

#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace frontdoor::testing {

class TlsEnd {
 public:
  enum class Side { Client, Server };
  // `alpn`: what it offers, or agrees to; "" = it does not know ALPN.
  explicit TlsEnd(Side side, std::string_view alpn = {});
  ~TlsEnd();

  void say(std::string_view plaintext);  // queued until the handshake is done
  void finish();                         // close_notify behind it
  bool all_said() const;
  void come(std::string_view ciphertext, std::string& heard);  // appends what it makes of it
  std::string take_outgoing();

 private:
  struct Impl;
  void advance(std::string& heard);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace frontdoor::testing
