#include "base/self_connection.h"

#include <sys/socket.h>

#include "base/address.h"

namespace frontdoor {

bool connected_to_itself(int fd, std::uint16_t port) {
  Endpoint local;
  socklen_t local_size = Endpoint::capacity();
  if (::getsockname(fd, local.data(), &local_size) != 0) return false;
  local.resize(local_size);
  if (local.is_unix() || local.port() != port) return false;
  Endpoint peer;
  socklen_t peer_size = Endpoint::capacity();
  if (::getpeername(fd, peer.data(), &peer_size) != 0) return false;
  peer.resize(peer_size);
  return local == peer;
}

}  // namespace frontdoor
