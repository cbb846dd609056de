// What the demo tells of its instances: each change of one, as the supervisor sees it, becomes a line for people or none.
// Pure: no process, no clock. Control thread.
//
//   ● app.1 (pid 8459) crashed: SIGABRT · traffic now app.2, app.3
//   ● app.1 (pid 8466) is starting
//   ● app.1 (pid 8466) is up · traffic now app.1, app.2, app.3

#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>

#include "base/style.h"
#include "config/config.h"
#include "supervisor/instances/instance.h"

namespace frontdoor::cli {

struct InstanceChange {
  std::string name;     // "app.1"
  std::string address;  // a rolling restart has two of one name for a while, each at its own
  InstanceState state = InstanceState::Starting;
  pid_t pid = -1;
  std::optional<ProcessEnd> end = {};  // of the process before
};

class DemoStory {
 public:
  // `hold`: how long a request waits while no instance is up.
  DemoStory(Style style, config::Millis hold) : style_(style), hold_(hold) {}

  // The line about it; empty: nothing to tell. Before begin() only the first starts come, which nobody needs to read of.
  std::string tell(const InstanceChange& change);
  void begin() { begun_ = true; }

  std::size_t up() const;
  std::string roll_call() const;  // "● app.1 pid 8459 ● app.2 pid 8460 ● app.3 pid 8461"

 private:
  struct Place {
    std::string name;
    pid_t pid = -1;
    bool up = false;
  };

  std::string line(const Place& place, const std::string& what);
  std::string traffic() const;
  std::string paint(const std::string& name, const std::string& text) const;

  const Style style_;
  const config::Millis hold_;
  bool begun_ = false;
  std::map<std::string, Place> places_;  // by address
  std::map<std::string, Ink> inks_;      // by name
};

// "crashed: SIGABRT", "was killed: SIGKILL", "exited with status 1".
std::string how_it_ended(const ProcessEnd& end);

}  // namespace frontdoor::cli
