#include "proxy/server/listen_socket.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/listening_sockets.h"
#include "proxy/server/passed_listener.h"
#include "proxy/server/port_holder.h"

namespace frontdoor {

namespace {

// Without it the kernel takes as much for a client as its send buffer may grow to, megabytes where that client was fast
// once or its segments are large: slow readers would hold that much each, and to us their answers would seem delivered.
// It counts only what has not been sent yet, so it does not limit what is on its way to a fast client.
constexpr int kUnsentBytes = 64 * 1024;

constexpr const char* kTaken = "in use, or not a socket";

enum class Share : std::uint8_t { No, WithOtherWorkers };

void enable(int fd, int level, int option) {
  const int on = 1;
  ::setsockopt(fd, level, option, &on, sizeof on);
}

// A bound socket, or -1 with errno.
int bind_tcp(const Endpoint& endpoint, Share share) {
  const int fd = ::socket(endpoint.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  enable(fd, SOL_SOCKET, SO_REUSEADDR);
  if (share == Share::WithOtherWorkers) enable(fd, SOL_SOCKET, SO_REUSEPORT);
  prepare_for_accept(fd);
  if (endpoint.family() == AF_INET6) {
    const int dual_stack = 0;
    ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &dual_stack, sizeof dual_stack);
  }
  if (::bind(fd, endpoint.data(), endpoint.size()) == 0) return fd;
  const int error = errno;
  ::close(fd);
  errno = error;
  return -1;
}

void close_all(std::vector<int>& fds) {
  for (const int fd : fds) ::close(fd);
  fds.clear();
}

ListenSockets failed(const Address& address, std::string why) {
  ListenSockets sockets;
  sockets.error = "cannot listen on " + address.to_string() + ": " + std::move(why);
  return sockets;
}

std::string why_not_bound(int error, std::uint16_t port) {
  if (error == EACCES) return "permission denied (ports below 1024 need CAP_NET_BIND_SERVICE)";
  if (error != EADDRINUSE) return std::strerror(error);
  const std::string holder = describe_port_holder(port);
  return "address in use" + (holder.empty() ? std::string(" (by a process that this user cannot see)") : " by " + holder);
}

// "" is every interface, both families where the machine has IPv6.
bool resolve(const Address& address, Endpoint& endpoint, std::string& error) {
  if (address.host.empty()) {
    endpoint = *Endpoint::numeric("::", address.port);
    const int probe = bind_tcp(*Endpoint::numeric("::", 0), Share::No);
    if (probe < 0) endpoint = *Endpoint::numeric("0.0.0.0", address.port);
    else ::close(probe);
    return true;
  }
  if (const auto numeric = Endpoint::numeric(address.host, address.port)) {
    endpoint = *numeric;
    return true;
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (const int code = ::getaddrinfo(address.host.c_str(), nullptr, &hints, &found); code != 0) {
    error = std::string("the name does not resolve: ") + ::gai_strerror(code);
    return false;
  }
  endpoint = Endpoint::from(found->ai_addr, found->ai_addrlen);
  endpoint.set_port(address.port);
  ::freeaddrinfo(found);
  return true;
}

// 0: nobody listens there; else the error of a bind that shares with nobody.
int why_not_ours(const Endpoint& endpoint) {
  const int probe = bind_tcp(endpoint, Share::No);
  if (probe < 0) return errno;
  ::close(probe);
  return 0;
}

// With SO_REUSEPORT a second frontdoor on the same port would silently take half of the traffic: without it the
// kernel tells. One that is leaving shares its port with its successor on purpose (docs/restart.md).
// 0: there is none; else the error of a bind.
int obstacle(const Address& address, const Endpoint& endpoint, const LeavingSockets& leaving) {
  if (address.port == 0) return 0;
  const int code = why_not_ours(endpoint);
  if (code != EADDRINUSE) return code;
  if (only_these_listen(endpoint, leaving) || held_by_leaving_only(address.port)) return 0;
  return why_not_ours(endpoint);  // looking at all processes takes its time, in which the holder may have gone
}

ListenSockets bind_tcp_sockets(const Address& address, unsigned count, const LeavingSockets& leaving) {
  ListenSockets sockets;
  std::string error;
  if (!resolve(address, sockets.bound, error)) return failed(address, error);
  if (const int code = obstacle(address, sockets.bound, leaving); code != 0)
    return failed(address, why_not_bound(code, address.port));
  add_listen_sockets(sockets, address, count);
  return sockets;
}

bool listener_is_leaving(int fd) {
  ucred listener{};
  socklen_t size = sizeof listener;
  return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &listener, &size) == 0 && is_leaving(listener.pid);
}

// A socket file whose owner has died refuses connections and may be replaced; a live one may not, unless it is leaving.
bool remove_stale(const Endpoint& endpoint, const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return true;
  if (!S_ISSOCK(info.st_mode)) return false;
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const bool refused = ::connect(fd, endpoint.data(), endpoint.size()) != 0;
  const bool free = refused ? errno == ECONNREFUSED : listener_is_leaving(fd);
  ::close(fd);
  return free && ::unlink(path.c_str()) == 0;
}

ListenSockets bind_unix(const Address& address, unsigned count) {
  ListenSockets sockets;
  sockets.shared = true;
  sockets.bound = Endpoint::unix_path(address.host);
  if (!remove_stale(sockets.bound, address.host)) return failed(address, kTaken);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 || ::bind(fd, sockets.bound.data(), sockets.bound.size()) != 0) {
    const int code = errno;
    if (fd >= 0) ::close(fd);
    return failed(address, std::strerror(code));
  }
  sockets.fds.push_back(fd);
  sockets.file = socket_file(address.host);
  add_listen_sockets(sockets, address, count);
  return sockets;
}

// One more on the address of the others; -1 and errno.
int another(const ListenSockets& sockets) {
  if (sockets.shared) return ::fcntl(sockets.fds.front(), F_DUPFD_CLOEXEC, 0);
  return bind_tcp(sockets.bound, Share::WithOtherWorkers);
}

bool listens(int fd) {
  int does = 0;
  socklen_t size = sizeof does;
  return ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &does, &size) == 0 && does != 0;
}

bool is_still_there(const SocketFile& file) {
  const SocketFile now = socket_file(file.path);
  return now.device == file.device && now.inode == file.inode;
}

// "" when all of them listen. Somebody may have come in between, and two of one config may mean the same address.
std::string why_not_listening(const ListenSockets& sockets, const Address& address, const LeavingSockets& leaving) {
  const bool anew = !listens(sockets.fds.front());  // and not passed, or kept
  if (anew && sockets.bound.is_unix() && !is_still_there(sockets.file)) return kTaken;
  const int code = anew && !sockets.bound.is_unix() ? obstacle(address, sockets.bound, leaving) : 0;
  if (code != 0) return why_not_bound(code, address.port);
  for (const int fd : sockets.fds)
    if (!listens(fd) && ::listen(fd, kListenBacklog) != 0)
      return sockets.shared ? std::strerror(errno) : why_not_bound(errno, address.port);
  return "";
}

}  // namespace

void add_listen_sockets(ListenSockets& sockets, const Address& address, unsigned count) {
  while (sockets.fds.size() < count) {
    const int fd = another(sockets);
    if (fd < 0) {
      const int code = errno;
      close_all(sockets.fds);
      sockets = failed(address, sockets.shared ? std::strerror(code) : why_not_bound(code, address.port));
      return;
    }
    sockets.fds.push_back(fd);
    socklen_t size = Endpoint::capacity();
    ::getsockname(fd, sockets.bound.data(), &size);  // port 0 has become one that the others join
    sockets.bound.resize(size);
  }
}

SocketFile socket_file(const std::string& path) {
  struct stat made {};
  if (::lstat(path.c_str(), &made) != 0) return {};
  return {path, made.st_dev, made.st_ino};
}

void remove_socket_file(const SocketFile& file) {
  struct stat there {};
  if (::lstat(file.path.c_str(), &there) != 0) return;
  if (there.st_dev == file.device && there.st_ino == file.inode) ::unlink(file.path.c_str());
}

// A proxy writes whole messages: Nagle would only hold the last segment back.
void prepare_for_accept(int fd) {
  enable(fd, IPPROTO_TCP, TCP_NODELAY);
  ::setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsentBytes, sizeof kUnsentBytes);
}

std::uint64_t inode_of(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 ? info.st_ino : 0;
}

void begin_to_listen(ListenSockets& sockets, const Address& address, const LeavingSockets& leaving) {
  const std::string why = why_not_listening(sockets, address, leaving);
  if (why.empty()) return;
  if (!sockets.file.path.empty()) remove_socket_file(sockets.file);
  close_all(sockets.fds);
  sockets = failed(address, why);
}

ListenSockets open_listen_sockets(const Address& address, unsigned count, const std::vector<PassedSocket>& passed) {
  ListenSockets sockets = bind_listen_sockets(address, count, passed);
  if (sockets.error.empty()) begin_to_listen(sockets, address);
  return sockets;
}

ListenSockets bind_listen_sockets(const Address& address, unsigned count, const std::vector<PassedSocket>& passed,
                                  const LeavingSockets& leaving) {
  switch (address.kind) {
    case Address::Kind::Tcp: return bind_tcp_sockets(address, count, leaving);
    case Address::Kind::Unix: return bind_unix(address, count);
    case Address::Kind::Fd: break;
  }
  return open_passed_listener(address, count, passed);
}

}  // namespace frontdoor
