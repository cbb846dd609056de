#include "proxy/server/kept_listeners.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>

namespace frontdoor {

namespace {

constexpr std::size_t kLongestName = 200;  // the launcher takes 255 bytes

std::string own_name(const std::string& listener, std::size_t socket) {
  return std::string(kKeptListener) + std::to_string(socket) + ' ' + listener;
}

// A unix socket that was shut down still says that it listens; poll tells.
bool still_listens(int fd) {
  int listens = 0;
  socklen_t size = sizeof listens;
  if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || listens != 1) return false;
  pollfd asked{fd, 0, 0};
  return ::poll(&asked, 1, 0) == 0;
}

}  // namespace

std::string listener_of_kept(const std::string& name) {
  if (!name.starts_with(kKeptListener)) return "";
  const std::size_t space = name.find(' ', kKeptListener.size());
  return space == std::string::npos ? "" : name.substr(space + 1);
}

std::vector<std::string> names_to_keep(const std::vector<config::Listener>& listeners) {
  std::vector<std::string> names;
  std::map<std::string, unsigned> so_far;
  for (const config::Listener& listener : listeners) {
    std::string name = listener.address.to_string();
    const unsigned same = so_far[name]++;
    if (same != 0) name += " number " + std::to_string(same + 1);
    struct stat file {};
    if (listener.address.kind == Address::Kind::Unix && ::lstat(listener.address.host.c_str(), &file) == 0)
      name += " " + std::to_string(file.st_dev) + ":" + std::to_string(file.st_ino);
    const bool kept = listener.address.kind != Address::Kind::Fd && name.size() <= kLongestName;
    names.push_back(kept ? name : "");
  }
  return names;
}

std::vector<std::vector<int>> sort_kept(const std::vector<std::string>& names, const std::vector<KeptSocket>& kept,
                                        KeptRest rest) {
  std::vector<std::vector<int>> sorted(names.size());
  for (const KeptSocket& socket : kept) {
    const std::string listener = listener_of_kept(socket.name);
    const auto wanted = listener.empty() ? names.end() : std::find(names.begin(), names.end(), listener);
    if (wanted != names.end() && still_listens(socket.fd)) {
      sorted[static_cast<std::size_t>(wanted - names.begin())].push_back(socket.fd);
      continue;
    }
    if (rest == KeptRest::End) stop_listening(socket.fd);
    ::close(socket.fd);
  }
  return sorted;
}

ListenSockets adopt_listen_sockets(const Address& address, unsigned count, std::vector<int> fds, Adopt how) {
  ListenSockets sockets;
  sockets.fds = std::move(fds);
  sockets.shared = address.kind == Address::Kind::Unix;
  socklen_t size = Endpoint::capacity();
  ::getsockname(sockets.fds.front(), sockets.bound.data(), &size);
  sockets.bound.resize(size);
  // Once more: the kernel gives a unix socket's clients the last caller's pid as its listener's, and that process has died.
  for (const int fd : sockets.fds) ::listen(fd, kListenBacklog);
  if (sockets.shared) sockets.file = socket_file(address.host);
  if (sockets.shared || how == Adopt::AtLeast) add_listen_sockets(sockets, address, count);
  if (sockets.error.empty()) begin_to_listen(sockets, address);
  return sockets;
}

void add_kept(std::vector<KeptSocket>& kept, const std::string& name, const ListenSockets& sockets) {
  if (name.empty()) return;
  const std::size_t count = sockets.shared ? 1 : sockets.fds.size();
  for (std::size_t i = 0; i < count; ++i) kept.push_back({own_name(name, i), sockets.fds[i]});
}

void stop_listening(int fd) { ::shutdown(fd, SHUT_RDWR); }

}  // namespace frontdoor
