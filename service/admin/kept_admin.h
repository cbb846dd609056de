// The admin socket and address over an upgrade: kept and handed on like a listener's sockets (base/kept_sockets.h), under
// names of their own that say which config they are of. Pure.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/kept_sockets.h"

namespace frontdoor {

struct KeptAdminSocket {
  int fd = -1;
  std::string path;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
};

struct KeptAdmin {
  std::optional<KeptAdminSocket> socket = {};
  std::optional<int> address = {};
  std::vector<KeptSocket> others = {};  // which the config of now does not mean: they are nobody's
};

// `configured`: what the config says of the address, and of the socket; `identity`: of its file, "PATH DEVICE:INODE".
std::string name_of_admin_address(const std::string& configured);
std::string name_of_admin_socket(const std::string& configured, const std::string& identity);

// Takes out of `kept` what is the admin side's.
KeptAdmin take_kept_admin(std::vector<KeptSocket>& kept, const std::string& address, const std::string& socket);

}  // namespace frontdoor
