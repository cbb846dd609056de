#include "service/serving/serve.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <utility>

#include "base/kept_sockets.h"
#include "service/process/predecessors.h"
#include "service/process/program_path.h"
#include "service/process/roles.h"
#include "service/process/successor.h"
#include "service/serving/service.h"
#include "supervisor/launcher/launcher.h"

namespace frontdoor {

int serve(const config::Config& config, const ServeOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);  // a hang-up is a return value
  // PID 1 of a container inherits every orphan there, also where it has started nothing: the kernel may reap them.
  if (::getpid() == 1 && !options.launcher) std::signal(SIGCHLD, SIG_IGN);
  raise_descriptor_limit();
  FromServiceManager given = take_from_service_manager();
  const auto beside = take_variable(kBesideVariable);
  const auto predecessor = take_number(kPredecessorVariable);
  if (predecessor) ::fcntl(*predecessor, F_SETFD, FD_CLOEXEC);
  const Predecessors predecessors(take_variable(kPredecessorsVariable).value_or(""));
  FromBefore before{take_kept_sockets(), beside ? options.launcher : predecessor, predecessors};
  const std::string program = take_variable(kProgramVariable).value_or("");
  Service service(config, options, std::move(given), std::move(before), program);
  return service.run();
}

}  // namespace frontdoor
