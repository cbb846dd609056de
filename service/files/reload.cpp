#include "service/files/reload.h"

#include "config/units.h"
#include "service/process/roles.h"

namespace frontdoor {

namespace {

std::string or_words(const std::string& value, const char* empty) { return value.empty() ? empty : value; }

}  // namespace

std::vector<AwaitsRestart> awaits_restart(const Running& running, const config::Config& next,
                                          unsigned workers) {
  std::vector<AwaitsRestart> found;
  if (workers != running.workers)
    found.push_back({"workers", std::to_string(running.workers), std::to_string(workers)});
  if (next.limits.header_bytes > running.header_bytes_max)
    found.push_back({"limits.header_bytes", "at most " + config::format_size(running.header_bytes_max),
                     config::format_size(next.limits.header_bytes)});
  if (next.admin.socket != running.admin.socket)
    found.push_back({"admin.socket", or_words(running.admin.socket, "its usual place"),
                     or_words(next.admin.socket, "its usual place")});
  if (next.admin.group != running.admin.group)
    found.push_back({"admin.group", or_words(running.admin.group, "none"), or_words(next.admin.group, "none")});
  if (next.admin.state_file != running.admin.state_file)
    found.push_back({"admin.state_file", or_words(running.admin.state_file, "its usual place"),
                     or_words(next.admin.state_file, "its usual place")});
  if (next.admin.address != running.admin.address)
    found.push_back({"admin.address", or_words(running.admin.address, "the usual one"),
                     or_words(next.admin.address, "the usual one")});
  // A new binary runs under the launcher that there is, or under none (docs/adr/0035).
  if (!running.launcher && has_instances(next)) found.push_back({"command", "no instances", "instances, by a restart only"});
  else if (!running.launcher && needs_launcher(next)) found.push_back({"health_check.command", "connects", "exec, by a restart only"});
  return found;
}

}  // namespace frontdoor
