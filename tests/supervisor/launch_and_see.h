// launch(), and whether the command was executed: the launcher looks between other things, a test waits.

#pragma once

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "supervisor/launcher/launch.h"
#include "supervisor/launcher/process_ops.h"

namespace frontdoor::test {

inline Launched launch_and_see(const LaunchRequest& request, const ChildDescriptors& descriptors, ProcessOps& ops) {
  Launched launched = launch(request, descriptors, ops);
  if (launched.ok()) {
    pollfd known{launched.report, POLLIN, 0};
    while (poll(&known, 1, -1) != 1) {
    }
    launched.failure = outcome_of_launch(launched.report).value_or(LaunchFailure{});
    close(launched.report);
    if (!launched.ok()) close(launched.pidfd);
  }
  if (launched.ok()) return launched;
  if (launched.pid > 0) waitpid(launched.pid, nullptr, 0);
  return {.failure = launched.failure};
}

inline Launched launch_and_see(const LaunchRequest& request, const ChildDescriptors& descriptors) {
  ProcessOps kernel;
  return launch_and_see(request, descriptors, kernel);
}

}  // namespace frontdoor::test
