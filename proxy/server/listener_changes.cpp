#include "proxy/server/listener_changes.h"

#include <utility>

namespace frontdoor {

namespace {

config::Listener without_certificates(config::Listener listener) {
  if (listener.tls) listener.tls = config::ListenerTls{.hsts = listener.tls->hsts};
  return listener;
}

}  // namespace

bool same_place(const config::Listener& a, const config::Listener& b) {
  return a.address == b.address && (a.address.port != 0 || a.address.kind != Address::Kind::Tcp || a.name == b.name);
}

bool same_terms(const config::Listener& a, const config::Listener& b) {
  return without_certificates(a) == without_certificates(b);
}

ListenerChanges compare_listeners(const std::vector<config::Listener>& running, const std::vector<config::Listener>& next) {
  ListenerChanges changes;
  std::vector<bool> goes_on(running.size(), false);
  for (const config::Listener& listener : next) {
    auto& before = changes.before.emplace_back();
    for (std::size_t i = 0; i < running.size() && !before; ++i)
      if (!goes_on[i] && same_place(running[i], listener)) before = i;
    if (before) goes_on[*before] = true;
  }
  for (std::size_t i = 0; i < running.size(); ++i)
    if (!goes_on[i]) changes.removed.push_back(i);
  return changes;
}

}  // namespace frontdoor
