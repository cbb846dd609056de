// What can be told of a request that was refused or never became complete, for its line in the access log: whoever
// looks for the client wants to know what it asked for. Nothing is decided by it, and nothing of it is passed on.
// Pure.

#pragma once

#include <string_view>

#include "http/head.h"

namespace frontdoor::http {

// All views into the bytes; "" = cannot be told. A target is cut after 1 KiB.
struct RequestSketch {
  std::string_view method;
  std::string_view target;
  std::string_view host;
  Version version = Version::Http11;
};

// `bytes`: from the first byte of the head, as far as it has come. What does not begin like a request line (binary
// nonsense, TLS on a plain port) says nothing at all.
RequestSketch sketch_request(std::string_view bytes);

}  // namespace frontdoor::http
