// A process of the front door as the launcher holds it: usually there is one. During an upgrade there is one more, and
// those that were dismissed stay until their last client has gone. The launcher's.

#pragma once

#include <sys/types.h>

#include <deque>
#include <optional>
#include <utility>

#include "base/time.h"
#include "supervisor/launcher_message.h"

namespace frontdoor {

struct FrontDoorProcess {
  pid_t pid = -1;
  OwnedFd socket = {};  // our end of the socketpair
  TimePoint since = {};
  std::deque<LauncherMessage> unsent = {};
  bool beside = false;     // it was started beside another one, which serves until it says that it is ready
  bool dismissed = false;  // it drains
  std::optional<Millis> stop_within = {};  // as it has said itself: the next one may have another config
  TimePoint over_at = TimePoint::max();  // dismissed: then it is killed

  bool runs() const { return pid > 0; }

  void hang_up() {
    socket = {};
    unsent.clear();
  }

  // One that is stopped or busy must not hold up the launcher: what it does not take now waits.
  void send(LauncherMessage message) {
    if (!socket.valid()) return;  // it is told when the next one starts
    unsent.push_back(std::move(message));
    flush();
  }

  void flush() {
    while (socket.valid() && !unsent.empty()) {
      if (send_message(socket.get(), unsent.front()) == Sent::WouldBlock) return;
      unsent.pop_front();  // one that failed: its reader has gone, and SIGCHLD tells of that
    }
  }
};

}  // namespace frontdoor
