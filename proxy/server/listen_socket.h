// Opens the sockets that a listener's workers accept from. Control thread.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/service_manager.h"

namespace frontdoor {

inline constexpr int kListenBacklog = 4'096;  // the kernel cuts it to net.core.somaxconn

// A unix socket's name in the file system, and which file it was when we made it: a successor may have put its own
// there meanwhile.
struct SocketFile {
  std::string path;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
};

struct ListenSockets {
  std::vector<int> fds;  // one for each worker; adopted ones may be more
  bool shared = false;   // they are one socket, `count` times (duplicates): a unix path, a passed one
  Endpoint bound;        // with the port that port 0 became
  SocketFile file;        // path "" where there is none
  std::string error;     // not empty: nothing is open; names the holder of an address in use
};

// The inodes of sockets that this process listens on and leaves, or has just left: they are no obstacle to others of it.
using LeavingSockets = std::vector<std::uint64_t>;
std::uint64_t inode_of(int fd);

ListenSockets open_listen_sockets(const Address& address, unsigned count, const std::vector<PassedSocket>& passed = {});

// The same in two steps: between them the address is taken and nobody can come in yet, so that to give it up resets
// nobody (but a passed socket listens in any case). The second may fail as the first may.
ListenSockets bind_listen_sockets(const Address& address, unsigned count, const std::vector<PassedSocket>& passed = {},
                                  const LeavingSockets& leaving = {});
void begin_to_listen(ListenSockets& sockets, const Address& address, const LeavingSockets& leaving = {});

// Until there are `count` of them, all on the same address: TCP sockets of their own, which do not listen yet, or
// duplicates of the one. When that fails, as open_listen_sockets() fails.
void add_listen_sockets(ListenSockets& sockets, const Address& address, unsigned count);

// The file that is there now; path "" without one.
SocketFile socket_file(const std::string& path);

// What is accepted from it inherits the options that every client's socket has. Without effect on a unix socket.
void prepare_for_accept(int fd);

// While its sockets are open, so that the number of a removed one's inode is not in use again.
void remove_socket_file(const SocketFile& file);

}  // namespace frontdoor
