// What stands between a Transport and its socket when the connection is encrypted. Only those have one, so that a plain
// connection pays a test for null. tls/ implements it; no library is known here.
// One worker; owned by its Transport.

#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <string_view>

#include "loop/io_result.h"

namespace frontdoor {

class TlsLayer {
 public:
  virtual ~TlsLayer() = default;

  // As Transport's, of plaintext. End is the peer's close_notify; a connection that ends without one has Failed.
  virtual IoResult read(char* into, std::size_t room) = 0;
  // What it has taken is sealed: it is on its way, but perhaps not yet with the kernel (owed).
  virtual IoResult write(const iovec* parts, std::size_t count) = 0;
  virtual IoStatus flush() = 0;  // Ok: nothing is owed
  virtual std::size_t owed() const = 0;

  // Whether a read would return anything but WouldBlock. The peer's handshake messages (TLS 1.3 sends its tickets behind
  // the handshake) are not that, and are dealt with here.
  virtual bool input_waits() = 0;

  // Tells the peer that nothing follows (close_notify). Not waited for.
  virtual void finish_writing() = 0;

  // The peer has told us the same.
  virtual bool finished() const = 0;
  // Why it has failed, in the library's words ("tlsv13 alert certificate required"); "" = as any connection fails. A
  // constant.
  virtual const char* failure() const = 0;
  // Sent in plain, ahead of all else: a PROXY header. Before the handshake.
  virtual void send_ahead(std::string_view plain) = 0;
};

}  // namespace frontdoor
