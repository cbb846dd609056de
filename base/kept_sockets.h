// Listening sockets that the launcher keeps for the front door (docs/adr/0028): when that one crashes, the kernel goes
// on accepting for them, and clients wait in their queues for the next front door instead of being refused. The next
// one needs them before it has a loop, so it finds them open when it starts, and a variable says which is which. Main
// thread, before there are others.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace frontdoor {

struct KeptSocket {
  std::string name;
  int fd = -1;
  bool operator==(const KeptSocket&) const = default;
};

// How the names begin of what is kept in this way.
inline constexpr std::string_view kKeptListener = "listener ";

// What the variable says, and the reverse; what makes no sense is left out. One variable has an end: what does not fit
// is not handed on, and opened anew.
std::string encode_kept_sockets(const std::vector<KeptSocket>& sockets);
std::vector<KeptSocket> decode_kept_sockets(std::string_view text);

// In a child that has been forked and is about to execute this program.
void hand_on(const std::vector<KeptSocket>& sockets);
// In that program: out of the environment, and close-on-exec from here on. Those that are not open are left out.
std::vector<KeptSocket> take_kept_sockets();

}  // namespace frontdoor
