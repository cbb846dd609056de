// The system calls that it takes to start a process, which a machine that has nothing left refuses. Tests put one in
// their place that fails. No state; any thread.

#pragma once

#include <sys/socket.h>
#include <sys/types.h>

namespace frontdoor {

// Each answers as its system call does: -1 and errno. What they open is close-on-exec.
class ProcessOps {
 public:
  virtual ~ProcessOps() = default;
  virtual int pipe(int (&ends)[2]);
  virtual int socket_pair(int (&ends)[2]);  // of messages
  virtual int memory_file();
  virtual int duplicate(int fd);
  virtual pid_t fork();
  virtual int open_pidfd(pid_t pid);
  virtual ssize_t send(int socket, const msghdr& message);

  // In the child, between fork and exec.
  virtual int open_null();  // for reading
  virtual int duplicate_above(int fd, int least);
  virtual int place(int fd, int number);  // as dup2: stays open over exec
  virtual int execute(const char* path, char* const* argv, char* const* variables);
};

}  // namespace frontdoor
