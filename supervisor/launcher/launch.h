// Starts one process for the launcher: a session and process group of its own, default signals, an empty
// mask, and no descriptor but standard input (/dev/null), output, error and the sockets it was promised.
// Whether the command could be executed is told later, with the reason: a directory that does not answer holds up nobody
// but the process that enters it. Single-threaded processes only.

#pragma once

#include <sys/types.h>

#include <optional>
#include <vector>

#include "supervisor/launcher/launch_request.h"

namespace frontdoor {

class ProcessOps;

// The child's ends. They stay the caller's.
struct ChildDescriptors {
  int output = -1;
  int errors = -1;
  std::vector<int> sockets = {};  // as many as request.passed_sockets
};

struct Launched {
  pid_t pid = -1;  // the caller's child; with a failure, too, if there is one: it is killed
  int pidfd = -1;  // the caller's; readable when the process has ended
  int report = -1;  // the caller's; readable when it is known whether the command is executed
  LaunchFailure failure = {};

  bool ok() const { return failure.stage == LaunchStage::None; }
};

Launched launch(const LaunchRequest& request, const ChildDescriptors& descriptors, ProcessOps& ops);

// Nothing: it is not known yet. A child that was killed before it got there counts as started.
std::optional<LaunchFailure> outcome_of_launch(int report);

// pidfd_open(2) by number: glibc 2.36 declares it without extern "C". Close-on-exec by itself; -1 and errno.
int open_pidfd(pid_t pid);

}  // namespace frontdoor
