// System calls of which one kind fails a number of times, after some that succeed. Forks with this process's memory, so
// that a launcher that is forked with it goes on counting for itself.

#pragma once

#include <cerrno>

#include "supervisor/launcher/process_ops.h"

namespace frontdoor {

class FaultyProcessOps final : public ProcessOps {
 public:
  enum class Op { Pipe, SocketPair, MemoryFile, Duplicate, Fork, OpenPidfd, OpenNull, DuplicateAbove, Place, Execute, Send };

  FaultyProcessOps(Op op, int error, int times, int succeed_first = 0)
      : op_(op), error_(error), times_(times), succeed_first_(succeed_first) {}

  int pipe(int (&ends)[2]) override { return fails(Op::Pipe) ? -1 : ProcessOps::pipe(ends); }
  int socket_pair(int (&ends)[2]) override { return fails(Op::SocketPair) ? -1 : ProcessOps::socket_pair(ends); }
  int memory_file() override { return fails(Op::MemoryFile) ? -1 : ProcessOps::memory_file(); }
  int duplicate(int fd) override { return fails(Op::Duplicate) ? -1 : ProcessOps::duplicate(fd); }
  pid_t fork() override { return fails(Op::Fork) ? -1 : ProcessOps::fork(); }
  int open_pidfd(pid_t pid) override { return fails(Op::OpenPidfd) ? -1 : ProcessOps::open_pidfd(pid); }
  ssize_t send(int socket, const msghdr& message) override {
    return fails(Op::Send) ? -1 : ProcessOps::send(socket, message);
  }
  int open_null() override { return fails(Op::OpenNull) ? -1 : ProcessOps::open_null(); }
  int duplicate_above(int fd, int least) override {
    return fails(Op::DuplicateAbove) ? -1 : ProcessOps::duplicate_above(fd, least);
  }
  int place(int fd, int number) override { return fails(Op::Place) ? -1 : ProcessOps::place(fd, number); }
  int execute(const char* path, char* const* argv, char* const* variables) override {
    return fails(Op::Execute) ? -1 : ProcessOps::execute(path, argv, variables);
  }

 private:
  bool fails(Op op) {
    if (op != op_ || succeed_first_-- > 0 || times_-- <= 0) return false;
    errno = error_;
    return true;
  }

  const Op op_;
  const int error_;
  int times_;
  int succeed_first_;
};

inline const char* to_string(FaultyProcessOps::Op op) {
  static constexpr const char* kNames[] = {"pipe", "socketpair", "memfd",   "dup",        "fork",
                                           "pidfd_open", "open", "dup above", "dup2", "exec", "sendmsg"};
  return kNames[static_cast<int>(op)];
}

}  // namespace frontdoor
