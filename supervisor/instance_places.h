// Where the instances listen: each has a place that nobody else has, for as long as the supervisor keeps it there, over
// restarts of its process. Owned by the supervisor. Control thread.

#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/log.h"
#include "config/config.h"
#include "supervisor/instance_port.h"
#include "supervisor/launcher_client.h"
#include "supervisor/socket_directory.h"

namespace frontdoor {

// What PORT says of a place: a number, or the path of a unix socket.
std::string port_variable(const Endpoint& place);
// Endpoint::to_string() and back; nothing for what is no place.
std::optional<Endpoint> parse_place(const std::string& text);

class InstancePlaces {
 public:
  // What has to outlive a crash of the front door is left with the launcher.
  InstancePlaces(Log& log, LauncherClient& launcher) : log_(log), launcher_(launcher) {}

  // What a front door that crashed has left there. Before anything else.
  void inherit(std::map<std::string, std::vector<OwnedFd>>& kept);

  struct Taken {
    std::optional<Endpoint> place;
    std::string problem;  // why there is none
  };
  Taken take(const config::Process& settings, const std::string& instance);
  // One that a process has already, over a crash of the front door.
  void adopt(const Endpoint& place);
  void give_back(const Endpoint& place);

  // Before each start: what the life before has left there goes, so that listening succeeds.
  void clear(const Endpoint& place);

 private:
  Log& log_;
  LauncherClient& launcher_;
  InstancePorts ports_;
  SocketDirectory directory_;
};

}  // namespace frontdoor
