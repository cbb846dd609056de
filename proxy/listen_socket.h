// Opens the sockets that a listener's workers accept from. Control thread, at start.

#pragma once

#include <string>
#include <vector>

#include "base/address.h"

namespace frontdoor {

inline constexpr int kListenBacklog = 4'096;  // the kernel cuts it to net.core.somaxconn

struct ListenSockets {
  std::vector<int> fds;  // one for each worker; for a unix path the same socket `count` times (duplicates)
  Endpoint bound;        // with the port that port 0 became
  std::string error;     // not empty: nothing is open; names the holder of an address in use
};

ListenSockets open_listen_sockets(const Address& address, unsigned count);

}  // namespace frontdoor
