#include "proxy/port_holder.h"

#include <unistd.h>

#include <array>
#include <cctype>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace frontdoor {

namespace {

namespace fs = std::filesystem;

// /proc/net/tcp: "sl local_address rem_address st tx:rx tr:tm retrnsmt uid timeout inode …", numbers in hex; 0A is
// LISTEN.
void collect_listening_inodes(const char* table, std::uint16_t port, std::set<std::string>& inodes) {
  std::ifstream in(table);
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::istringstream words(line);
    std::string slot, local, remote, state, queues, timer, retransmits, user, timeout, inode;
    words >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> user >> timeout >> inode;
    const auto colon = local.rfind(':');
    if (state != "0A" || colon == std::string::npos) continue;
    unsigned local_port = 0;
    std::from_chars(local.data() + colon + 1, local.data() + local.size(), local_port, 16);
    if (local_port == port) inodes.insert("socket:[" + inode + "]");
  }
}

bool holds_one_of(const fs::path& process, const std::set<std::string>& sockets) {
  std::error_code ec;
  for (fs::directory_iterator fd(process / "fd", ec), end; !ec && fd != end; fd.increment(ec)) {
    std::error_code unreadable;
    if (sockets.contains(fs::read_symlink(fd->path(), unreadable).string())) return true;
  }
  return false;
}

}  // namespace

std::string describe_port_holder(std::uint16_t port) {
  std::set<std::string> sockets;
  collect_listening_inodes("/proc/net/tcp", port, sockets);
  collect_listening_inodes("/proc/net/tcp6", port, sockets);
  if (sockets.empty()) return "";
  std::error_code ec;
  for (fs::directory_iterator process("/proc", ec), end; !ec && process != end; process.increment(ec)) {
    const std::string pid = process->path().filename().string();
    if (!std::isdigit(static_cast<unsigned char>(pid.front())) || !holds_one_of(process->path(), sockets)) continue;
    std::string name;
    std::ifstream(process->path() / "comm") >> name;
    return "pid " + pid + " (" + name + ")";
  }
  return "";
}

}  // namespace frontdoor
