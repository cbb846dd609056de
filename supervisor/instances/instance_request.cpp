// What an instance is started with: its command, its environment, and the words that are stored with the launcher.

#include <csignal>

#include "config/process_values.h"
#include "supervisor/instances/instance.h"
#include "supervisor/instances/instance_environment.h"
#include "supervisor/instances/instance_memo.h"
#include "supervisor/instances/run_as.h"

namespace frontdoor {

// What the caller's environment, the config and this instance's place have to say.
LaunchRequest Instance::request() {
  const InstanceVariables ours{.port = port_variable(address_.endpoint),
                               .instance = address_.instance,
                               .number = number_,
                               .life = life_marker_,
                               .notify_socket = notify_path_,
                               .socket_names = settings_.port == config::Launch::Port::ListenFds ? address_.pool : ""};
  LaunchRequest what = run_as(settings_, ours);
  what.command = settings_.command;
  what.parent_death_signal = config::parse_signal(settings_.stop_signal).value_or(SIGTERM);
  what.memo = to_text({address_.pool, number_, address_.endpoint, life_marker_, launch_text(settings_)});
  return what;
}

}  // namespace frontdoor
