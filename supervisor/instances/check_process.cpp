#include "supervisor/instances/check_process.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "supervisor/launcher/life_marks.h"

namespace frontdoor {

std::optional<ProcessInfo> check_at(pid_t pid, std::string_view life) {
  auto who = read_process(pid);
  if (!who || who->parent != ::getppid() || !bears_mark(pid, life)) return std::nullopt;
  return who;
}

void kill_with_all_below(const ProcessInfo& who, const std::vector<ProcessInfo>& all) {
  const bool is_there = std::any_of(all.begin(), all.end(), [&](const ProcessInfo& process) {
    return process.pid == who.pid && process.started == who.started;
  });
  signal_process(who, SIGKILL);
  if (!is_there) return;  // whose children those are that have such a parent is not known
  for (const ProcessInfo& process : descendants(all, who.pid)) signal_process(process, SIGKILL);
}

}  // namespace frontdoor
