#include "proxy/port_holder.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace frontdoor {

namespace {

namespace fs = std::filesystem;

// /proc/net/tcp: "sl local_address rem_address st tx:rx tr:tm retrnsmt uid timeout inode …", numbers in hex;
// 0A is LISTEN.
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

// Calls visit(pid) for each process that can be seen to listen on the port, until it returns false.
template <class Visit>
void for_each_holder(std::uint16_t port, Visit visit) {
  std::set<std::string> sockets;
  collect_listening_inodes("/proc/net/tcp", port, sockets);
  collect_listening_inodes("/proc/net/tcp6", port, sockets);
  if (sockets.empty()) return;
  std::error_code ec;
  for (fs::directory_iterator process("/proc", ec), end; !ec && process != end; process.increment(ec)) {
    const std::string name = process->path().filename().string();
    pid_t pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc{}) continue;
    if (holds_one_of(process->path(), sockets) && !visit(pid)) return;
  }
}

std::string name_of(pid_t process) {
  std::string name;
  std::getline(std::ifstream("/proc/" + std::to_string(process) + "/comm") >> std::ws, name);
  return name;
}

constexpr const char* kLeaving = "frontdoor-drain";  // 15 bytes are the most that the kernel keeps

}  // namespace

std::string describe_port_holder(std::uint16_t port) {
  std::string holder;
  for_each_holder(port, [&](pid_t pid) {
    holder = "pid " + std::to_string(pid) + " (" + name_of(pid) + ")";
    return false;
  });
  return holder;
}

void say_that_we_leave() { ::prctl(PR_SET_NAME, kLeaving); }

bool is_leaving(pid_t process) { return name_of(process) == kLeaving; }

bool held_by_leaving_only(std::uint16_t port) {
  bool any = false;
  bool all = true;
  for_each_holder(port, [&](pid_t pid) {
    any = true;
    return all = is_leaving(pid);
  });
  return any && all;
}

}  // namespace frontdoor
