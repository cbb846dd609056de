#include "proxy/server/port_holder.h"

#include <sys/prctl.h>

#include <algorithm>

#include "base/listening_sockets.h"

namespace frontdoor {

namespace {

constexpr const char* kLeaving = "frontdoor-drain";  // 15 bytes are the most that the kernel keeps

}  // namespace

std::string describe_port_holder(std::uint16_t port) {
  const auto holders = processes_listening_on(port);
  return holders.empty() ? "" : describe_process(holders.front());
}

void say_that_we_leave() { ::prctl(PR_SET_NAME, kLeaving); }

bool is_leaving(pid_t process) { return process_name(process) == kLeaving; }

bool held_by_leaving_only(std::uint16_t port) {
  const auto holders = processes_listening_on(port);
  return !holders.empty() && std::all_of(holders.begin(), holders.end(), is_leaving);
}

}  // namespace frontdoor
