// Who listens where, as /proc tells it: why a start has failed can be seen there, and who holds a port. Reads the
// tables of all sockets and the descriptors of the processes asked about: some ten milliseconds on a busy machine, so
// it is looked at only when something is wrong. Any thread but a worker's.

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"

namespace frontdoor {

struct ListeningSocket {
  Endpoint at;
  std::uint64_t inode = 0;
  std::uint64_t queued = 0;  // connections that nobody has accepted yet; 0 for unix sockets
  pid_t pid = -1;            // the first of the processes asked about that has it open

  bool operator==(const ListeningSocket&) const = default;
};

// /proc/net/tcp and tcp6, and /proc/net/unix: those that listen.
std::vector<ListeningSocket> parse_tcp_table(std::string_view text);
std::vector<ListeningSocket> parse_unix_table(std::string_view text);

// Those of these processes, which share a network namespace with the first.
std::vector<ListeningSocket> listening_sockets(const std::vector<pid_t>& processes);

// Those that can be seen to listen on this port of this machine; another user's can not.
std::vector<pid_t> processes_listening_on(std::uint16_t port);

// Whether what listens on this address, or on every one of its port, is some of these sockets and nothing else. A socket
// that nobody can be seen to hold is somebody else's.
bool only_these_listen(const Endpoint& where, const std::vector<std::uint64_t>& inodes);
bool meet(const Endpoint& a, const Endpoint& b);  // whether one connection could go to either; of TCP

std::string process_name(pid_t process);      // "node"; "" when it has gone
std::string describe_process(pid_t process);  // "pid 4711 (node)"

}  // namespace frontdoor
