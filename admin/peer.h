// Who may use the admin socket: the user that frontdoor runs as, root, and the members of one group if the config
// names one. The kernel tells who connects; nothing that a client says counts.

#pragma once

#include <sys/types.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace frontdoor {

struct AdminPeer {
  pid_t pid = 0;
  uid_t uid = 0;
  std::vector<gid_t> groups = {};  // all of them
};

struct AdminAccess {
  uid_t user = 0;
  std::optional<gid_t> group = {};
  std::string user_name = {};  // "" = not known
};

inline bool may_use(const AdminPeer& peer, const AdminAccess& access) {
  if (peer.uid == 0 || peer.uid == access.user) return true;
  return access.group && std::find(peer.groups.begin(), peer.groups.end(), *access.group) != peer.groups.end();
}

// Who that is, for people who ask later who did it: "root", "deploy", "uid 1001". Names other than the two that are known
// are not looked up: that may ask a server and take seconds, on the thread that watches over everything.
inline std::string name_of(const AdminPeer& peer, const AdminAccess& access) {
  if (peer.uid == 0) return "root";
  if (peer.uid == access.user && !access.user_name.empty()) return access.user_name;
  return "uid " + std::to_string(peer.uid);
}

// Of a connected unix socket; nothing when the kernel does not tell.
std::optional<AdminPeer> peer_of(int fd);

}  // namespace frontdoor
