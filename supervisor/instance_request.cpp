// What an instance is started with: its command, its environment, and the words that are stored with the launcher.

#include <sys/resource.h>

#include <csignal>

#include "config/process_values.h"
#include "supervisor/instance.h"
#include "supervisor/instance_environment.h"
#include "supervisor/instance_memo.h"
#include "supervisor/life_marks.h"

extern char** environ;

namespace frontdoor {

// What the caller's environment, the config and this instance's place have to say.
LaunchRequest Instance::request() {
  LaunchRequest what;
  what.command = settings_.command;
  what.directory = settings_.directory;
  std::vector<std::string> own;
  for (char** variable = environ; *variable; ++variable) own.emplace_back(*variable);
  const InstanceVariables ours{.port = port_variable(address_.endpoint),
                               .instance = address_.instance,
                               .number = number_,
                               .life = life_marker_,
                               .notify_socket = notify_path_,
                               .socket_names = settings_.port == config::Launch::Port::ListenFds ? address_.pool : ""};
  what.environment = instance_environment(own, settings_, ours);
  what.identity = identity_of(settings_);
  if (!settings_.umask.empty()) what.umask = static_cast<std::uint32_t>(std::stoul(settings_.umask, nullptr, 8));
  if (const auto mark = may_mark() ? limit_mark(life_marker_) : std::nullopt)
    what.limits.push_back({RLIMIT_RTTIME, *mark, RLIM_INFINITY});  // the config's own comes later and holds
  for (const config::ResourceLimit& limit : settings_.rlimits)
    what.limits.push_back({limit.resource, limit.soft, limit.hard});
  what.parent_death_signal = config::parse_signal(settings_.stop_signal).value_or(SIGTERM);
  what.memo = to_text({address_.pool, number_, address_.endpoint, life_marker_, launch_text(settings_)});
  return what;
}

}  // namespace frontdoor
