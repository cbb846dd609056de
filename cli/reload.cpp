#include "cli/reload.h"

#include <algorithm>

#include "config/units.h"

namespace frontdoor {

namespace {

std::string title(const config::Listener& listener) {
  return "listener " + (listener.name.empty() ? listener.address.to_string() : listener.name);
}

std::string or_words(const std::string& value, const char* empty) { return value.empty() ? empty : value; }

// The same one, as far as a file can say that: by its address, which is also what nobody else may have.
bool same_place(const config::Listener& a, const config::Listener& b) {
  return a.address == b.address &&
         (a.address.port != 0 || a.address.kind != Address::Kind::Tcp || a.name == b.name);
}

// Without what certificates_.apply() takes from it at once.
config::Listener fixed_part(config::Listener listener) {
  if (listener.tls) listener.tls = config::ListenerTls{.hsts = listener.tls->hsts};
  return listener;
}

void compare_listeners(const Running& running, const config::Config& next,
                       std::vector<AwaitsRestart>& found) {
  std::vector<config::Listener> fresh = next.listeners;
  for (const auto& listener : running.listeners) {
    const auto same = [&](const auto& other) { return same_place(other, listener); };
    const auto wanted = std::find_if(fresh.begin(), fresh.end(), same);
    if (wanted == fresh.end()) {
      found.push_back({title(listener), "listens", "gone"});
      continue;
    }
    if (fixed_part(*wanted) != fixed_part(listener)) found.push_back({title(listener), "as at the start", "changed"});
    fresh.erase(wanted);
  }
  for (const auto& listener : fresh) found.push_back({title(listener), "does not listen", "new"});
}

}  // namespace

std::vector<AwaitsRestart> awaits_restart(const Running& running, const config::Config& next,
                                          unsigned workers) {
  std::vector<AwaitsRestart> found;
  compare_listeners(running, next, found);
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
  return found;
}

}  // namespace frontdoor
