// How the processes are found that one life of an instance has started, when their parents have gone and the launcher
// has become their parent. Pure, but for what it is told about environments.
//
//   a child in the instance's session    by the session, whose number is the pid of the instance's process
//   one in a session of its own          by its environment, which every child inherits
//   one that has wiped that, too         when it was seen below the instance while its parent lived
//
// What has done all three between two looks is not found before the end of frontdoor itself, when the launcher ends
// whatever is left below it.

#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/process_tree.h"

namespace frontdoor {

struct LifeMarks {
  pid_t process = -1;                  // the instance's own, the leader of its session
  std::string variable;                // "FRONTDOOR_LIFE=…"
  std::vector<ProcessInfo> seen = {};  // its descendants, when somebody looked last
};

// `reaper`: whose children they have become. The instance's own process is not among them.
using StartedWith = std::function<bool(pid_t, std::string_view)>;
std::vector<ProcessInfo> left_of(const LifeMarks& life, const std::vector<ProcessInfo>& all, pid_t reaper,
                                 const StartedWith& started_with);

}  // namespace frontdoor
