// Where the instances listen, or will: each has a place that nobody else has, for as long as the supervisor keeps it there, over
// restarts of its process. Owned by the supervisor. Control thread.

#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/log.h"
#include "config/config.h"
#include "supervisor/instances/instance_port.h"
#include "supervisor/instances/socket_directory.h"
#include "supervisor/launcher/launcher_client.h"

namespace frontdoor {

// What PORT says of a place: a number, or the path of a unix socket.
std::string port_variable(const Endpoint& place);
inline bool is_nowhere(const Endpoint& place) { return place.size() == 0; }
// Endpoint::to_string() and back; nothing for what is no place. "" is nowhere: a worker has no port.
std::optional<Endpoint> parse_place(const std::string& text);

// Whom an instance runs as, where that is somebody else.
std::optional<ProcessIdentity> identity_of(const config::Launch& launch);

class InstancePlaces {
 public:
  // What has to outlive a crash of the front door is left with the launcher.
  InstancePlaces(LauncherClient& launcher, Log& log, InstancePorts ports = {})
      : launcher_(launcher), log_(log), ports_(std::move(ports)) {}

  // What a front door that crashed has left there. Before anything else.
  void inherit(std::map<std::string, std::vector<OwnedFd>>& kept);

  struct Taken {
    std::optional<Endpoint> place;
    std::string problem;  // why there is none
  };
  Taken take(const config::Launch& launch, const std::string& instance);
  // One that a process has already, over a crash of the front door.
  void adopt(const Endpoint& place);
  void give_back(const Endpoint& place);

  // Whether a place is of the kind that is asked for.
  bool fits(const Endpoint& place, const config::Launch& launch) const;
  // Another front door has all of them from now on, by the launcher. What is held open here would stay so.
  void let_go() {
    sockets_.clear();
    ports_.let_go_of_reservations();
  }
  // What nobody adopted of what a front door has left goes.
  void settle();

  // Before each start: what the life before has left there goes, so that listening succeeds; a socket to pass begins to
  // listen.
  struct Opened {
    std::vector<int> sockets = {};  // to pass; ours
    std::string problem = {};       // it can not be had any more
  };
  Opened open(const Endpoint& place);
  // Its process has ended: whoever waits on a passed socket is refused, and nobody accepts them later.
  void close(const Endpoint& place);

  // A socket for what one life of an instance says of itself, and its path; and what is left of one.
  struct Notify {
    OwnedFd socket = {};
    std::string path = {};
    std::string problem = {};
  };
  Notify open_notify(const config::Launch& launch, const std::string& instance, const std::string& life);
  // The one that a front door has left that crashed; invalid: there is none.
  OwnedFd inherited_notify(const std::string& life);
  bool was_ready(const std::string& life);
  void note_ready(const std::string& life);
  void close_notify(const std::string& path, const std::string& life);

 private:
  SocketDirectory::Made make_directory(const std::string& instance, const std::optional<ProcessIdentity>& owner);
  void keep_reservation(std::uint16_t port);
  void tell_unreserved(const std::string& instance);
  std::string make_socket(const Endpoint& place);  // what is wrong, or ""
  void drop_socket(std::uint16_t port);

  LauncherClient& launcher_;
  Log& log_;
  std::string told_unreserved_;  // the reason that was told last: where one port can not be reserved mostly none can
  InstancePorts ports_;
  SocketDirectory directory_;
  std::map<std::uint16_t, OwnedFd> sockets_;      // to pass, by port
  std::set<std::uint16_t> inherited_;             // of these, which nobody has adopted yet
  std::map<std::uint16_t, OwnedFd> reserved_;     // inherited reservations of ports, likewise
  std::map<std::string, OwnedFd> notify_;         // inherited, by life
  std::set<std::string> ready_;                   // lives that have said so
  std::set<std::string> inherited_ready_;         // the same, which nobody has asked about yet
};

}  // namespace frontdoor
