// The client's side of TLS without a socket: bytes in, bytes out. For the control thread's checks, whose sockets are
// Asio's. One thread.

#pragma once

#include <string>
#include <string_view>

#include "tls/client_context.h"

namespace frontdoor::tls {

class Pipe {
 public:
  Pipe(const ClientContext& context, const std::string& name, std::string_view alpn = kAlpnHttp11);

  // What came from the peer. Then one of the below makes something of it.
  void feed(std::string_view ciphertext);
  // To be sent to the peer: all that has become of the calls so far.
  std::string take_outgoing();

  Session::Step shake_hands();
  const char* failure() const { return failure_; }  // after Failed; a constant
  std::string_view protocol() const;  // agreed by ALPN; "" = none. Valid as long as the pipe
  void write(std::string_view plaintext);
  enum class Read : std::uint8_t { Bytes, Nothing, End };  // Nothing: feed it more
  Read read(std::string& into);                            // appended
  void finish();  // tells the peer that nothing follows

 private:
  SslPtr ssl_;
  const char* failure_ = "";
};

}  // namespace frontdoor::tls
