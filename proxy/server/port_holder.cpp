#include "proxy/server/port_holder.h"

#include <sys/prctl.h>

#include <algorithm>

#include "base/listening_sockets.h"
#include "base/process_names.h"

namespace frontdoor {

namespace {

bool is_launcher(pid_t process) { return process_name(process) == kLauncherName; }

constexpr const char* kLeaving = "frontdoor-drain";  // 15 bytes are the most that the kernel keeps

}  // namespace

std::string describe_port_holder(std::uint16_t port) {
  const auto holders = processes_listening_on(port);
  if (holders.empty()) return "";
  // Better than a launcher is its front door, if that can be seen.
  const auto best = std::find_if_not(holders.begin(), holders.end(), is_launcher);
  return describe_process(best == holders.end() ? holders.front() : *best);
}

void say_that_we_leave() { ::prctl(PR_SET_NAME, kLeaving); }

bool is_leaving(pid_t process) { return process_name(process) == kLeaving; }

bool held_by_leaving_only(std::uint16_t port) {
  auto holders = processes_listening_on(port);
  std::erase_if(holders, is_launcher);  // one keeps the sockets for its front door, and as long as that one wants
  return !holders.empty() && std::all_of(holders.begin(), holders.end(), is_leaving);
}

}  // namespace frontdoor
