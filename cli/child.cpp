#include "cli/child.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

extern char** environ;

namespace frontdoor::cli {
namespace {

// What posix_spawn is told, destroyed on every way out.
class Plan {
 public:
  Plan() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
  }
  ~Plan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  int spawn(pid_t& pid, const char* program, char* const* argv, int output) {
    posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, output, 1);
    posix_spawn_file_actions_addclosefrom_np(&actions_, 3);

    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_,
                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    return posix_spawn(&pid, program, &actions_, &attributes_, argv, environ);
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

}  // namespace

Child spawn_self(const std::vector<std::string>& arguments) {
  std::vector<char*> argv{const_cast<char*>("frontdoor")};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);

  Child child;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return {-1, -1, -1, std::strerror(errno)};
  Plan plan;
  const int failed = plan.spawn(child.pid, "/proc/self/exe", argv.data(), ends[1]);
  close(ends[1]);
  if (failed != 0) {
    close(ends[0]);
    return {-1, -1, -1, std::strerror(failed)};
  }
  child.output = ends[0];
  fcntl(child.output, F_SETFL, O_NONBLOCK);
  // By number: glibc 2.36 declares pidfd_open without extern "C". It is close-on-exec by itself.
  child.pidfd = static_cast<int>(syscall(SYS_pidfd_open, child.pid, 0));
  if (child.pidfd >= 0) return child;

  const std::string error = std::strerror(errno);
  kill(child.pid, SIGKILL);
  reap(child.pid);
  close(child.output);
  return {-1, -1, -1, error};
}

std::string reap(pid_t pid) {
  siginfo_t info{};
  if (waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED) != 0) return "is gone";
  if (info.si_code == CLD_EXITED) return "exited with status " + std::to_string(info.si_status);
  const char* name = sigabbrev_np(info.si_status);
  const std::string signal =
      name == nullptr ? "signal " + std::to_string(info.si_status) : std::string("SIG") + name;
  const bool from_outside =
      info.si_status == SIGKILL || info.si_status == SIGTERM || info.si_status == SIGINT;
  return (from_outside ? "was killed: " : "crashed: ") + signal;
}

}  // namespace frontdoor::cli
