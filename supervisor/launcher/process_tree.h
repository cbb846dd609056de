// Who descends from whom, as /proc tells it, with what each process uses. Reading /proc of a machine with a
// thousand processes takes some ten milliseconds: never on a worker.

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace frontdoor {

struct ProcessInfo {
  pid_t pid = 0;
  pid_t parent = 0;
  char state = '?';  // as in proc(5); 'Z' has ended and was not waited for
  std::uint64_t started =
      0;  // clock ticks since the machine's start: with the pid it names one process for ever
  std::uint64_t cpu_ticks = 0;  // user and system
  std::uint64_t resident_bytes = 0;
  std::uint64_t waited_cpu_ticks = 0;  // of children that have ended
  pid_t session = 0;

  bool operator==(const ProcessInfo&) const = default;
};

// One line of /proc/PID/stat; nothing when it is none. The command's name may contain anything, ") R 1"
// included.
std::optional<ProcessInfo> parse_process_stat(std::string_view line, std::uint64_t page_bytes);

// Nothing: it has gone.
std::optional<ProcessInfo> read_process(pid_t pid);

// The same of one that a pidfd names: nothing when it has ended, whoever has its number now. An invalid descriptor tells nothing.
std::optional<ProcessInfo> read_process(pid_t pid, int pidfd);

// A small file of /proc, at one go. Empty: it has gone, or we may not.
std::string read_proc_file(const std::string& path);

// All processes that this one may see. Those that end meanwhile are left out. Empty: there was no descriptor left to look, since
// whoever looks is one of them.
std::vector<ProcessInfo> list_processes();

// Children of `root`, their children and so on, parents before their children; `root` itself is not among
// them.
std::vector<ProcessInfo> descendants(const std::vector<ProcessInfo>& processes, pid_t root);

// Whether it was started by `ancestor`, directly or by others that still live, or is it; nothing when it has gone.
std::optional<bool> descends_from(pid_t process, pid_t ancestor);

// False: it has gone, its number belongs to another one by now, or we may not.
bool signal_process(const ProcessInfo& process, int signal);

// Whether it was started with this variable: "FRONTDOOR_INSTANCE=app.1". False when that can not be read.
bool started_with(pid_t pid, std::string_view variable);

}  // namespace frontdoor
