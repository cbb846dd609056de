#include "supervisor/instances/instance_environment.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace frontdoor {

namespace {

// These speak of frontdoor's own process or port. An app that found them would report to the service manager in our
// name, take our sockets, or listen where every other instance does.
constexpr std::array<std::string_view, 13> kOfFrontdoorAlone{
    "NOTIFY_SOCKET",  "WATCHDOG_USEC",      "WATCHDOG_PID",        "LISTEN_FDS",        "LISTEN_PID",
    "LISTEN_FDNAMES", "PORT",               "FRONTDOOR_KILL_MODE", "FRONTDOOR_ROLE",    "FRONTDOOR_INSTANCE",
    "FRONTDOOR_HOST", "FRONTDOOR_ADDRESS", "NODE_APP_INSTANCE"};

std::string_view name_of(std::string_view variable) { return variable.substr(0, variable.find('=')); }

class Environment {
 public:
  void set(std::string_view name, std::string_view value) {
    remove(name);
    variables_.push_back(std::string(name) + '=' + std::string(value));
  }
  void set_unless_empty(std::string_view name, std::string_view value) {
    if (!value.empty()) set(name, value);
  }
  void remove(std::string_view name) {
    std::erase_if(variables_, [&](const std::string& variable) { return name_of(variable) == name; });
  }
  std::vector<std::string> take() { return std::move(variables_); }

 private:
  std::vector<std::string> variables_;
};

}  // namespace

std::vector<std::string> instance_environment(const std::vector<std::string>& own, const config::Launch& launch,
                                              const InstanceVariables& ours) {
  Environment environment;
  for (const std::string& variable : own)
    if (variable.find('=') != std::string::npos)
      environment.set(name_of(variable), std::string_view(variable).substr(variable.find('=') + 1));
  for (const std::string_view name : kOfFrontdoorAlone) environment.remove(name);
  if (launch.account && !launch.account->name.empty()) {
    environment.set("HOME", launch.account->home);
    environment.set("USER", launch.account->name);
    environment.set("LOGNAME", launch.account->name);
    environment.set_unless_empty("SHELL", launch.account->shell);
    environment.remove("MAIL");
  }
  for (const auto* variables : {&launch.file_env, &launch.env})
    for (const auto& [name, value] : *variables) environment.set(name, value);
  environment.set_unless_empty("PORT", ours.port);
  environment.set_unless_empty("NOTIFY_SOCKET", ours.notify_socket);
  environment.set_unless_empty("LISTEN_FDNAMES", ours.socket_names);
  environment.set_unless_empty("FRONTDOOR_INSTANCE", ours.instance);
  environment.set("FRONTDOOR_LIFE", ours.life);
  environment.set_unless_empty("FRONTDOOR_HOST", ours.host);
  environment.set_unless_empty("FRONTDOOR_ADDRESS", ours.address);
  if (ours.number != 0) environment.set("NODE_APP_INSTANCE", std::to_string(ours.number - 1));  // as pm2 counts
  if (launch.kill_mode == config::Launch::KillMode::Process) environment.set("FRONTDOOR_KILL_MODE", "process");
  return environment.take();
}

}  // namespace frontdoor
