#include "supervisor/launcher/process_ops.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "supervisor/launcher/launch.h"

namespace frontdoor {

int ProcessOps::pipe(int (&ends)[2]) { return ::pipe2(ends, O_CLOEXEC); }
int ProcessOps::socket_pair(int (&ends)[2]) {
  return ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
}
int ProcessOps::memory_file() { return ::memfd_create("frontdoor", MFD_CLOEXEC); }
int ProcessOps::duplicate(int fd) { return ::fcntl(fd, F_DUPFD_CLOEXEC, 0); }
int ProcessOps::open_null() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }
int ProcessOps::duplicate_above(int fd, int least) { return ::fcntl(fd, F_DUPFD_CLOEXEC, least); }
int ProcessOps::place(int fd, int number) { return ::dup2(fd, number); }
int ProcessOps::execute(const char* path, char* const* argv, char* const* variables) {
  return ::execve(path, argv, variables);
}
pid_t ProcessOps::fork() { return ::fork(); }
int ProcessOps::open_pidfd(pid_t pid) { return frontdoor::open_pidfd(pid); }
ssize_t ProcessOps::send(int socket, const msghdr& message) { return ::sendmsg(socket, &message, MSG_NOSIGNAL); }

}  // namespace frontdoor
