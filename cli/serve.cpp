#include "cli/serve.h"

#include <unistd.h>

#include <csignal>
#include <utility>

#include "base/kept_sockets.h"
#include "cli/service.h"

namespace frontdoor {

int serve(const config::Config& config, const ServeOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);  // a hang-up is a return value
  // PID 1 of a container inherits every orphan there, also where it has started nothing: the kernel may reap them.
  if (::getpid() == 1 && !options.launcher) std::signal(SIGCHLD, SIG_IGN);
  raise_descriptor_limit();
  FromServiceManager given = take_from_service_manager();
  Service service(config, options, std::move(given), take_kept_sockets());
  return service.run();
}

}  // namespace frontdoor
