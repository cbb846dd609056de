// What an instance is started with: its command, its environment, and the words that are stored with the launcher.

#include <array>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <random>

#include "config/process_values.h"
#include "supervisor/instance.h"
#include "supervisor/instance_memo.h"

extern char** environ;

namespace frontdoor {

namespace {

std::string random_marker() {
  std::random_device random;
  std::array<char, 32> text;
  const int size = std::snprintf(text.data(), text.size(), "%08x%08x", random(), random());
  return std::string(text.data(), static_cast<std::size_t>(size));
}

// The later one wins, as in a shell; ours come last.
void set_variable(std::vector<std::string>& environment, const std::string& name, const std::string& value) {
  std::erase_if(environment, [&](const std::string& variable) { return variable.starts_with(name + '='); });
  environment.push_back(name + '=' + value);
}

}  // namespace

std::string why_not_started(const LaunchRequest& request, const LaunchFailure& failure) {
  const std::string reason = std::strerror(failure.error);
  switch (failure.stage) {
    case LaunchStage::Exec:
      if (failure.error == ENOENT) return "command not found: " + request.command.front();
      if (failure.error == EACCES) return "not executable: " + request.command.front();
      return request.command.front() + ": " + reason;
    case LaunchStage::Directory:
      return "directory " + request.directory + ": " + reason;
    case LaunchStage::Identity:
      return "cannot become the user: " + reason;
    case LaunchStage::Limits:
      return "cannot set a resource limit: " + reason;
    case LaunchStage::Fork:
      return "no process can be started: " + reason;
    case LaunchStage::Protocol:
      return "the launcher did not understand the request";
    case LaunchStage::None:
      break;
  }
  return "not started";
}

// What the caller's environment, the config and this instance's place have to say, in this order.
LaunchRequest Instance::request() {
  LaunchRequest what;
  what.command = settings_.command;
  what.directory = settings_.directory;
  for (char** variable = environ; *variable; ++variable) what.environment.emplace_back(*variable);
  for (const auto& [name, value] : settings_.env) set_variable(what.environment, name, value);
  life_marker_ = random_marker();
  set_variable(what.environment, "PORT", port_variable(address_.endpoint));
  set_variable(what.environment, "FRONTDOOR_INSTANCE", address_.instance);
  set_variable(what.environment, "FRONTDOOR_LIFE", life_marker_);
  set_variable(what.environment, "NODE_APP_INSTANCE", std::to_string(number_ - 1));  // as pm2 counts
  if (settings_.kill_mode == config::Process::KillMode::Process)
    set_variable(what.environment, "FRONTDOOR_KILL_MODE", "process");
  what.parent_death_signal = config::parse_signal(settings_.stop_signal).value_or(SIGTERM);
  what.memo = to_text({address_.pool, number_, address_.endpoint, life_marker_, launch_text(settings_)});
  return what;
}

}  // namespace frontdoor
