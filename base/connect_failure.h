// What a failed connect(2) says, for probes and traffic alike. Decides only; any thread.

#pragma once

#include <cstdint>

namespace frontdoor {

enum class ConnectFailure : std::uint8_t {
  Refused,   // nobody listens there
  Full,      // a unix socket whose backlog has no place; over TCP the kernel would wait for one
  TimedOut,  // no answer in time
  OurFault,  // our machine could not even try: descriptors, ports, memory, permissions, a family it does not
             // have
  Unreachable,  // anything else: no route, a reset, a path that is no socket
};

// `error` is connect's errno, or SO_ERROR when it has ended.
ConnectFailure connect_failure(int error, bool is_unix);

}  // namespace frontdoor
