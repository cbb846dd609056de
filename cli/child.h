// A child process that runs this same program. It inherits nothing but the standard error: no descriptor, no
// blocked or ignored signal, and it has a process group of its own, so that Ctrl-C reaches the parent alone,
// which then decides. The parent's end of its standard output and a descriptor that becomes readable when it
// has ended.

#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace frontdoor::cli {

struct Child {
  pid_t pid = -1;
  int pidfd = -1;     // readable once it has ended; both descriptors belong to the caller
  int output = -1;    // what it writes to standard output; non-blocking
  std::string error;  // non-empty: it was not started, and why
};

Child spawn_self(const std::vector<std::string>& arguments);

// How a child ended, as a sentence goes on: "crashed: SIGABRT", "was killed: SIGKILL", "exited with status
// 1". Reaps it; waits when it has not ended yet.
std::string reap(pid_t pid);

}  // namespace frontdoor::cli
