// How the processes are found that one life of an instance has started, when their parents have gone and the launcher
// has become their parent. Pure, but for what it is told about environments.
//
//   a child in the instance's session    by the session, whose number is the pid of the instance's process
//   one in a session of its own          by its environment, which every child inherits
//   one that has wiped that, too         by a resource limit, which every child inherits through fork, exec and setuid
//   one that has set that limit itself   when it was seen below the instance while its parent lived
//
// The limit is RLIMIT_RTTIME, the CPU time of a real-time process between two system calls: as a number of microseconds
// that no process lives to see it limits nothing, next to nobody sets it, and all may read it. Where this process may
// not raise it, or the config sets it, there is no such mark.

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/launcher/process_tree.h"

namespace frontdoor {

struct LifeMarks {
  pid_t process = -1;                  // the instance's own, the leader of its session
  std::string variable;                // "FRONTDOOR_LIFE=…"
  std::vector<ProcessInfo> seen = {};  // its descendants, when somebody looked last
};

// What a life of an instance, or a check, is called in its environment: 16 hexadecimal digits that nobody else has.
std::string fresh_life();
// The limit that marks the processes of this life; of "00f1…" in "FRONTDOOR_LIFE=00f1…", 16 hexadecimal digits.
std::optional<std::uint64_t> limit_mark(std::string_view life);
// Whether this process may hand on such a limit: it has none of its own, or another one's mark.
bool may_mark();
// Whether the process bears one of the two marks that its parent has left on it. Reads /proc.
bool bears_mark(pid_t pid, std::string_view variable);

// `reaper`: whose children they have become. The instance's own process is not among them.
using StartedWith = std::function<bool(pid_t, std::string_view)>;
std::vector<ProcessInfo> left_of(const LifeMarks& life, const std::vector<ProcessInfo>& all, pid_t reaper,
                                 const StartedWith& started_with);

}  // namespace frontdoor
