#include "supervisor/life_marks.h"

#include <algorithm>

namespace frontdoor {

std::vector<ProcessInfo> left_of(const LifeMarks& life, const std::vector<ProcessInfo>& all, pid_t reaper,
                                 const StartedWith& started_with) {
  const auto was_seen = [&](const ProcessInfo& process) {
    return std::any_of(life.seen.begin(), life.seen.end(), [&](const ProcessInfo& seen) {
      return seen.pid == process.pid && seen.started == process.started;
    });
  };
  std::vector<ProcessInfo> left;
  for (const ProcessInfo& process : all) {
    if (process.parent != reaper || process.state == 'Z' || process.pid == life.process) continue;
    const bool ours = (life.process > 0 && process.session == life.process) || was_seen(process) ||
                      started_with(process.pid, life.variable);
    if (!ours) continue;
    left.push_back(process);
    for (const ProcessInfo& child : descendants(all, process.pid)) left.push_back(child);
  }
  return left;
}

}  // namespace frontdoor
