// Who may use the admin socket: the user that frontdoor runs as, root, and the members of one group if the config
// names one. The kernel tells who connects; nothing that a client says counts.

#pragma once

#include <sys/types.h>

#include <algorithm>
#include <optional>
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
};

inline bool may_use(const AdminPeer& peer, const AdminAccess& access) {
  if (peer.uid == 0 || peer.uid == access.user) return true;
  return access.group && std::find(peer.groups.begin(), peer.groups.end(), *access.group) != peer.groups.end();
}

// Of a connected unix socket; nothing when the kernel does not tell.
std::optional<AdminPeer> peer_of(int fd);

}  // namespace frontdoor
