// What comes before the first request on some connections: a PROXY header, a TLS handshake. One at a time, and gone when
// it is over. One worker.

#pragma once

namespace frontdoor {

class Prelude {
 public:
  virtual ~Prelude() = default;
  virtual void cut() = 0;  // ends it now
  // A connection that ends without a byte is somebody who looked whether we listen.
  virtual bool saw_anything() const = 0;
};

}  // namespace frontdoor
