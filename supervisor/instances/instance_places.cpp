#include "supervisor/instances/instance_places.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/listening_sockets.h"
#include "supervisor/instances/instance_notify_socket.h"

namespace frontdoor {

namespace {

// What the launcher keeps has these names, and behind them a path, a place or a life.
constexpr std::string_view kDirectory = "sockets ";
constexpr std::string_view kPassed = "passed socket ";
constexpr std::string_view kReserved = "reserved port ";
constexpr std::string_view kNotify = "notify socket ";
constexpr std::string_view kReady = "ready ";

std::string reserved_name(std::uint16_t port) {
  return std::string(kReserved) + Endpoint::numeric("127.0.0.1", port)->to_string();
}

std::string path_of(const Endpoint& place) { return place.to_string().substr(sizeof("unix:") - 1); }

std::string directory_of(const Endpoint& place) {
  const std::string path = path_of(place);
  return path.substr(0, path.rfind('/'));
}

}  // namespace

std::string port_variable(const Endpoint& place) {
  if (is_nowhere(place)) return "";
  return place.is_unix() ? path_of(place) : std::to_string(place.port());
}

std::optional<Endpoint> parse_place(const std::string& text) {
  if (text.empty()) return Endpoint{};
  AddressError error;
  const auto address = parse_address(text, error);
  if (!address) return std::nullopt;
  if (address->kind == Address::Kind::Unix) return Endpoint::unix_path(address->host);
  return Endpoint::numeric(address->host, address->port);
}

std::optional<ProcessIdentity> identity_of(const config::Launch& launch) {
  if (!launch.account) return std::nullopt;
  return ProcessIdentity{launch.account->uid, launch.account->gid, launch.account->groups};
}

void InstancePlaces::inherit(std::map<std::string, std::vector<OwnedFd>>& kept) {
  for (auto& [name, fds] : kept) {
    const auto has = [&](std::string_view prefix) { return name.starts_with(prefix); };
    const auto rest = [&](std::string_view prefix) { return name.substr(prefix.size()); };
    if (has(kReady)) {
      inherited_ready_.insert(rest(kReady));
    } else if (fds.size() != 1) {
      continue;  // not ours
    } else if (has(kDirectory)) {
      directory_.adopt(rest(kDirectory), std::move(fds.front()));
    } else if (has(kNotify)) {
      notify_[rest(kNotify)] = std::move(fds.front());
    } else if (has(kPassed)) {
      const auto place = parse_place(rest(kPassed));
      if (!place || place->is_unix()) continue;
      sockets_[place->port()] = std::move(fds.front());
      inherited_.insert(place->port());
    } else if (has(kReserved)) {
      const auto place = parse_place(rest(kReserved));
      if (place && !place->is_unix()) reserved_[place->port()] = std::move(fds.front());
    }
  }
}

bool InstancePlaces::fits(const Endpoint& place, const config::Launch& launch) const {
  using Port = config::Launch::Port;
  switch (launch.port) {
    case Port::None:
      return is_nowhere(place);
    case Port::Unix:
      return place.is_unix();
    case Port::ListenFds:
      return sockets_.contains(place.port());
    case Port::Auto:
      break;
  }
  return place.port() != 0 && !sockets_.contains(place.port());
}

void InstancePlaces::settle() {
  for (const std::uint16_t port : inherited_) drop_socket(port);
  inherited_.clear();
  for (const auto& [port, reservation] : reserved_) launcher_.drop(reserved_name(port));
  reserved_.clear();
  for (const auto& [life, socket] : notify_) launcher_.drop(std::string(kNotify) + life);
  notify_.clear();
  for (const std::string& life : inherited_ready_) launcher_.drop(std::string(kReady) + life);
  inherited_ready_.clear();
}

SocketDirectory::Made InstancePlaces::make_directory(const std::string& instance,
                                                     const std::optional<ProcessIdentity>& owner) {
  const std::string before = directory_.path();
  auto made = directory_.make(instance, owner);
  if (directory_.path() == before) return made;
  if (!before.empty()) launcher_.drop(std::string(kDirectory) + before);
  launcher_.keep(std::string(kDirectory) + directory_.path(), {directory_.lock()});
  return made;
}

InstancePlaces::Taken InstancePlaces::take(const config::Launch& launch, const std::string& instance) {
  using Port = config::Launch::Port;
  if (launch.port == Port::None) return {Endpoint{}, ""};
  if (launch.port == Port::Unix) {
    const auto made = make_directory(instance, identity_of(launch));
    if (made.path.empty()) return {std::nullopt, "a directory for its socket: " + made.problem};
    return {Endpoint::unix_path(made.path + '/' + kServingSocket), ""};
  }
  const auto port = ports_.take();
  if (!port) return {std::nullopt, "every port below the ephemeral range is taken"};
  const Endpoint place = *Endpoint::numeric("127.0.0.1", *port);
  keep_reservation(*port);
  if (ports_.reservation(*port) < 0) tell_unreserved(instance);
  if (launch.port == Port::ListenFds) {
    if (auto problem = make_socket(place); !problem.empty()) {
      give_back(place);
      return {std::nullopt, "a socket to pass: " + problem};
    }
  }
  return {place, ""};
}

// As long as the process may live: longer than this one.
void InstancePlaces::keep_reservation(std::uint16_t port) {
  if (const int fd = ports_.reservation(port); fd >= 0) launcher_.keep(reserved_name(port), {fd});
}

void InstancePlaces::tell_unreserved(const std::string& instance) {
  if (told_unreserved_ == ports_.why_unreserved()) return;
  told_unreserved_ = ports_.why_unreserved();
  log_.warn("ports cannot be reserved for instances", {{"instance", instance}, {"reason", told_unreserved_}});
}

// Bound here and for as long as the place is kept: nobody else gets its port between two lives.
std::string InstancePlaces::make_socket(const Endpoint& place) {
  OwnedFd socket(::socket(place.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  if (!socket.valid() || ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      ::bind(socket.get(), place.data(), place.size()) != 0)
    return std::strerror(errno);
  launcher_.keep(std::string(kPassed) + place.to_string(), {socket.get()});
  sockets_[place.port()] = std::move(socket);
  return "";
}

void InstancePlaces::drop_socket(std::uint16_t port) {
  if (sockets_.erase(port) != 0)
    launcher_.drop(std::string(kPassed) + Endpoint::numeric("127.0.0.1", port)->to_string());
}

void InstancePlaces::adopt(const Endpoint& place) {
  if (is_nowhere(place) || place.is_unix()) return;
  const auto inherited = reserved_.extract(place.port());
  ports_.adopt(place.port(), inherited ? std::move(inherited.mapped()) : OwnedFd{});
  if (!inherited) keep_reservation(place.port());
  inherited_.erase(place.port());
}

void InstancePlaces::give_back(const Endpoint& place) {
  if (is_nowhere(place)) return;
  if (place.is_unix()) return SocketDirectory::remove(directory_of(place));
  drop_socket(place.port());
  if (ports_.reservation(place.port()) >= 0) launcher_.drop(reserved_name(place.port()));
  ports_.give_back(place.port());
}

InstancePlaces::Opened InstancePlaces::open(const Endpoint& place) {
  if (is_nowhere(place)) return {};
  if (place.is_unix()) {  // a socket file that nobody listens on any more makes the next one's bind fail
    ::unlink(path_of(place).c_str());
    return {};
  }
  const auto socket = sockets_.find(place.port());
  if (socket == sockets_.end()) {
    if (is_free(place)) return {};
    const auto holders = processes_listening_on(place.port());
    const std::string who = holders.empty() ? "a process that this user cannot see" : describe_process(holders.front());
    return {{}, "port " + std::to_string(place.port()) + " is held by " + who};
  }
  if (::listen(socket->second.get(), SOMAXCONN) == 0) return {{socket->second.get()}, ""};
  return {{}, "the socket to pass cannot listen on " + place.to_string() + ": " + std::strerror(errno)};
}

// Connections that it has not accepted are reset by that, and further ones refused: the requests on them are sent to
// another instance, and the next process, which gets the same socket, does not find them and carry them out as well.
void InstancePlaces::close(const Endpoint& place) {
  const auto socket = sockets_.find(place.port());
  if (!is_nowhere(place) && socket != sockets_.end()) ::shutdown(socket->second.get(), SHUT_RDWR);
}

InstancePlaces::Notify InstancePlaces::open_notify(const config::Launch& launch, const std::string& instance,
                                                   const std::string& life) {
  Notify notify;
  const auto owner = identity_of(launch);
  const auto made = make_directory(instance, std::nullopt);
  if (made.path.empty()) return {{}, "", made.problem};
  notify.path = made.path + '/' + kNotifySocket;
  notify.socket = InstanceNotifySocket::bind_at(notify.path, owner);
  if (!notify.socket.valid() || !SocketDirectory::give(made.path, owner)) {
    notify.problem = std::strerror(errno);
    notify.socket = {};
    SocketDirectory::remove(made.path);
    return notify;
  }
  launcher_.keep(std::string(kNotify) + life, {notify.socket.get()});
  return notify;
}

OwnedFd InstancePlaces::inherited_notify(const std::string& life) {
  const auto found = notify_.find(life);
  if (found == notify_.end()) return {};
  OwnedFd socket = std::move(found->second);
  notify_.erase(found);
  return socket;
}

bool InstancePlaces::was_ready(const std::string& life) {
  if (auto inherited = inherited_ready_.extract(life)) ready_.insert(std::move(inherited));
  return ready_.contains(life);
}

void InstancePlaces::note_ready(const std::string& life) {
  ready_.insert(life);
  launcher_.keep(std::string(kReady) + life, {});
}

void InstancePlaces::close_notify(const std::string& path, const std::string& life) {
  launcher_.drop(std::string(kNotify) + life);
  if (ready_.erase(life) != 0) launcher_.drop(std::string(kReady) + life);
  if (!path.empty()) SocketDirectory::remove(path.substr(0, path.rfind('/')));
}

}  // namespace frontdoor
