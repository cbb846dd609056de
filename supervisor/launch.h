// Starts one process for the launcher: a session and process group of its own, default signals, an empty
// mask, and no descriptor but standard input (/dev/null), output, error and the sockets it was promised.
// Blocks until the command has been executed or has failed to be, so that a failure has its reason.
// Single-threaded processes only.

#pragma once

#include <sys/types.h>

#include <vector>

#include "supervisor/launch_request.h"

namespace frontdoor {

class ProcessOps;

// The child's ends. They stay the caller's.
struct ChildDescriptors {
  int output = -1;
  int errors = -1;
  std::vector<int> sockets = {};  // as many as request.passed_sockets
};

struct Launched {
  pid_t pid = -1;
  int pidfd = -1;  // the caller's; readable when the process has ended
  LaunchFailure failure = {};

  bool ok() const { return failure.stage == LaunchStage::None; }
};

Launched launch(const LaunchRequest& request, const ChildDescriptors& descriptors);
Launched launch(const LaunchRequest& request, const ChildDescriptors& descriptors, ProcessOps& ops);

// pidfd_open(2) by number: glibc 2.36 declares it without extern "C". Close-on-exec by itself; -1 and errno.
int open_pidfd(pid_t pid);

}  // namespace frontdoor
