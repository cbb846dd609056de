// What an instance finds in its environment, and a command that checks an upstream: put together of what frontdoor was
// started with, who it runs as, and what the config says. Later ones win:
//
//   frontdoor's own environment < HOME, USER, LOGNAME, SHELL of `user` < env_file < env < what only frontdoor knows
//
// Values. Pure.

#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace frontdoor {

// What only frontdoor knows. "" is not set at all.
struct InstanceVariables {
  std::string port = {};
  std::string instance = {};  // "app.1"; "" for a check of an upstream that is none
  unsigned number = 0;
  std::string life = {};
  std::string notify_socket = {};
  std::string socket_names = {};  // of passed sockets
  std::string host = {};          // for a check: where the upstream is
  std::string address = {};       // the same, with its port
};

// "NAME=value", each name once.
std::vector<std::string> instance_environment(const std::vector<std::string>& own, const config::Launch& launch,
                                              const InstanceVariables& ours);

}  // namespace frontdoor
