#include "service/process/main_process.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <string_view>

namespace frontdoor {

namespace {

// They watch their child, and know no other process. The first four are PID 1 of containers.
constexpr std::array<std::string_view, 8> kWatchers{"docker-init",  "tini",      "dumb-init",   "catatonit",
                                                    "s6-supervise", "runsv",     "supervisord", "supervise"};

}  // namespace

std::string why_it_cannot_leave(const MainProcess& main) {
  if (!main.notifies && main.systemd_exec_pid != nullptr && main.systemd_exec_pid == std::to_string(main.self))
    return "systemd takes the end of this process for the end of the service: set Type=notify in its unit, or restart it";
  if (std::find(kWatchers.begin(), kWatchers.end(), main.parent) != kWatchers.end())
    return main.parent + " takes the end of this process for the end of the service: restart it, or replace its container";
  return "";
}

std::string name_of_parent() {
  std::ifstream file("/proc/" + std::to_string(::getppid()) + "/comm");
  std::string name;
  std::getline(file, name);
  return name;
}

}  // namespace frontdoor
