#include "supervisor/process_ops.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "supervisor/launch.h"

namespace frontdoor {

int ProcessOps::pipe(int (&ends)[2]) { return ::pipe2(ends, O_CLOEXEC); }
int ProcessOps::socket_pair(int (&ends)[2]) {
  return ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
}
int ProcessOps::memory_file() { return ::memfd_create("frontdoor", MFD_CLOEXEC); }
int ProcessOps::duplicate(int fd) { return ::fcntl(fd, F_DUPFD_CLOEXEC, 0); }
pid_t ProcessOps::fork() { return ::fork(); }
int ProcessOps::open_pidfd(pid_t pid) { return frontdoor::open_pidfd(pid); }

}  // namespace frontdoor
