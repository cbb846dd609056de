// What an app says of itself with sd_notify(3): READY=1 and its like, one NAME=value a line. Unknown names are nothing:
// the protocol wants it so. Pure.

#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace frontdoor {

struct NotifyMessage {
  bool ready = false;
  bool stopping = false;
  bool reloading = false;
  std::optional<std::string> status = {};  // for people; cut, and without control characters
  std::optional<pid_t> main_pid = {};
  std::optional<Millis> extend = {};  // so much more time from now on

  bool operator==(const NotifyMessage&) const = default;
};

NotifyMessage parse_notify_message(std::string_view text);

}  // namespace frontdoor
