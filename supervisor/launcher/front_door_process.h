// A process of the front door as the launcher holds it: usually there is one. During an upgrade there is one more, and
// those that were dismissed stay until their last client has gone. The launcher's.

#pragma once

#include <sys/types.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <optional>
#include <utility>

#include "base/time.h"
#include "supervisor/launcher/launcher_message.h"
#include "supervisor/launcher/process_ops.h"

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

  TimePoint again_at = TimePoint::max();     // what is first in line is tried again then: the kernel would not take it
  TimePoint refused_since = TimePoint::max();
  int refused_with = 0;        // errno
  bool refusal_told = false;

  bool runs() const { return pid > 0; }
  bool waits_for_room() const { return !unsent.empty() && again_at == TimePoint::max(); }

  void hang_up() {
    socket = {};
    unsent.clear();
    again_at = TimePoint::max();
  }

  // One that is stopped or busy must not hold up the launcher: what it does not take now waits. That is bounded by what there is:
  // each launch that it has asked for is answered once, and each end told once.
  void send(LauncherMessage message, ProcessOps& ops) {
    if (!socket.valid()) return;  // it is told when the next one starts
    unsent.push_back(std::move(message));
    if (again_at == TimePoint::max()) flush(ops);
  }

  void flush(ProcessOps& ops) {
    again_at = TimePoint::max();
    while (socket.valid() && !unsent.empty()) {
      switch (send_message(socket.get(), unsent.front(), ops)) {
        case Sent::Ok: break;
        case Sent::WouldBlock: return;
        case Sent::NobodyThere: return unsent.clear();  // SIGCHLD tells of that
        case Sent::TryAgain:  // each of them is waited for at the other end, some without a bound
          refused_with = errno;
          again_at = Clock::now() + kTrySendingAgain;
          refused_since = std::min(refused_since, Clock::now());
          return;
      }
      refused_since = TimePoint::max();
      refusal_told = false;
      unsent.pop_front();
    }
  }
};

}  // namespace frontdoor
