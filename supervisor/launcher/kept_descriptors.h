// What the launcher keeps for the front door, by name: any descriptor, and listening sockets in particular
// (base/kept_sockets.h). While a front door that crashed is away, clients wait in the queues of those; not for ever,
// for a client that is refused tries elsewhere and one that waits does not. Knows no clock. The launcher's process.
//
//   kept ── crash ──► clients wait ── a front door keeps or drops a listener ──► kept
//                          └────────── nobody has for longest_wait ──► closed, clients are refused

#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/kept_sockets.h"
#include "base/time.h"
#include "supervisor/launcher/launcher_message.h"

namespace frontdoor {

class KeptDescriptors {
 public:
  explicit KeptDescriptors(Millis longest_wait) : longest_wait_(longest_wait) {}

  // Replaces what had the name before. Beyond a bound it is not kept.
  void keep(const std::string& name, std::vector<OwnedFd> fds);
  void drop(const std::string& name);

  void front_door_crashed(TimePoint now);
  TimePoint refuse_at() const { return refuse_at_; }  // clients that still wait then are to be refused
  void close_listeners();

  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& [name, fds] : kept_) visit(name, fds);
  }
  std::vector<KeptSocket> listeners() const;  // the descriptors stay here
  int find(const std::string& name) const;    // likewise; -1: there is none
  template <class Visit>
  void for_each_other(Visit visit) const {
    for (const auto& [name, fds] : kept_)
      if (!name.starts_with(kKeptListener)) visit(name, fds);
  }

 private:
  const Millis longest_wait_;
  std::map<std::string, std::vector<OwnedFd>> kept_;
  bool taken_up_ = false;  // by the front door that runs
  TimePoint refuse_at_ = TimePoint::max();
};

}  // namespace frontdoor
