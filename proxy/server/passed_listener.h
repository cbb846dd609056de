// A listener whose socket somebody else has opened and listens on: `address = "fd:web"`. All workers accept from that
// one socket. Control thread.

#pragma once

#include <vector>

#include "base/address.h"
#include "base/service_manager.h"
#include "proxy/server/listen_socket.h"

namespace frontdoor {

// `address` names a socket, or says the number of its descriptor ("fd:3"). The passed one stays the caller's.
ListenSockets open_passed_listener(const Address& address, unsigned count,
                                   const std::vector<PassedSocket>& passed);

}  // namespace frontdoor
