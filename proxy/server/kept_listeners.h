// Listeners that outlive a crash of this process, because the launcher keeps their sockets too (base/kept_sockets.h):
// which of them the config still names, how workers take them up again, and how one ends for good although somebody
// else holds it. Control thread, at start; the last one any thread.

#pragma once

#include <string>
#include <vector>

#include "base/address.h"
#include "base/kept_sockets.h"
#include "config/config.h"
#include "proxy/server/listen_socket.h"

namespace frontdoor {

// What the sockets of each listener are kept as: its address, its place among those of the same address (port 0), and
// for a unix socket which file it is, as that file is now. "": they are not kept, for a passed one has its own keeper.
std::vector<std::string> names_to_keep(const std::vector<config::Listener>& listeners);

// The name of names_to_keep() in what a socket is kept as; "" when it is none of a listener.
std::string listener_of_kept(const std::string& name);

// What becomes of kept sockets that nobody asks for. Close: another process of ours accepts from them.
enum class KeptRest : std::uint8_t { End, Close };

// The sockets of each of these names. Those that no name asks for, or that listen no more, end here, for all who hold
// them: their addresses are free, and nobody waits in a queue that is not read.
std::vector<std::vector<int>> sort_kept(const std::vector<std::string>& names, const std::vector<KeptSocket>& kept,
                                        KeptRest rest = KeptRest::End);

// As open_listen_sockets() would have opened them. At least `count`: of a TCP listener there are more where there were
// more workers before, and all of them have clients. Takes `fds`. Those: no others are opened of a TCP listener, in whose
// queues clients would wait before anybody accepts.
enum class Adopt : std::uint8_t { AtLeast, Those };
ListenSockets adopt_listen_sockets(const Address& address, unsigned count, std::vector<int> fds, Adopt how = Adopt::AtLeast);

// What is to be kept of sockets that are open.
void add_kept(std::vector<KeptSocket>& kept, const std::string& name, const ListenSockets& sockets);

// Closing would not do: the kernel goes on accepting as long as anybody holds a duplicate. Clients in its queue are
// reset.
void stop_listening(int fd);

}  // namespace frontdoor
