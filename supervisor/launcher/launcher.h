// The process that everything else descends from: it starts the front door, and every instance that the front
// door asks for. It carries no traffic and parses no config, so that there is next to nothing in it that
// could fail; whatever happens to the front door, the instances run on, their ends are known, and listening
// sockets stay open.
//
//   launcher (this; PID 1 in a container, the main PID of a unit)
//     ├── front door    started anew when it crashes; gets back what is kept here
//     └── instances     whatever they leave behind falls to this process, too
//
// Single-threaded. docs/adr/0015 says why, and what happens when this process itself is killed.

#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/service_manager.h"
#include "supervisor/launcher/launcher_state.h"

namespace frontdoor {

class Log;
class ProcessOps;

struct LauncherOptions {
  std::function<void()> before_a_word = [] {};  // its output may go to a file that others rename
  std::vector<std::string> front_door;  // argv; this program itself is executed
  FromServiceManager given = {};        // kept for each front door; what it has to say is passed on
  // Until a front door has said how long its stop takes (LauncherClient::stop_within): how long one that was told to stop
  // has before it is killed, and instances when there is no front door to stop them.
  std::chrono::milliseconds stop_within{60'000};
  std::chrono::milliseconds stop_timeout{10'000};
  std::chrono::milliseconds at_once{3'000};  // what is left of the first after a second signal
  std::chrono::milliseconds launch_within{30'000};  // until its command is executed, or the launch has failed
  // Clients wait for a front door that crashed for this long; then its listening sockets are closed, and they are refused.
  std::chrono::milliseconds longest_wait{5'000};
  // Left by the launcher of before in this process, when an upgrade has replaced that one.
  std::optional<LauncherState> before = {};
  // Lets the program that is executed next in this process be a launcher, as this one. None: an upgrade leaves it as it is.
  std::function<void()> as_launcher_again = {};
  // SIGHUP makes the front door read its config again, and so reaches it under nohup, too. Without: it says that the
  // terminal was closed, and nohup is there to keep that away.
  bool hangup_reloads = false;
};

// The descriptor of the socketpair, for the front door's process alone.
inline constexpr const char* kLauncherVariable = "FRONTDOOR_LAUNCHER_FD";
// The exit status of a front door whose program could not be executed.
inline constexpr int kNotExecuted = 126;
// What makes the program that is executed a launcher.
inline constexpr const char* kRoleVariable = "FRONTDOOR_ROLE";
// In a front door that is started beside one that serves.
inline constexpr const char* kBesideVariable = "FRONTDOOR_BESIDE";
// What the launcher keeps the config as that serves; and the descriptor of it, in a front door that is started behind a crash.
inline constexpr const char* kLastConfig = "the config that serves";
inline constexpr const char* kLastConfigVariable = "FRONTDOOR_LAST_CONFIG_FD";
// The descriptor of a LauncherState, for a program that takes over from a launcher; and the word for one that only says
// whether it could, by its exit status.
inline constexpr const char* kLauncherStateVariable = "FRONTDOOR_LAUNCHER_STATE_FD";
inline constexpr const char* kLauncherCheck = "launcher-check";

// Until the front door has ended of its own accord and nothing is left. Returns its exit status, or 128 +
// signal.
int run_launcher(const LauncherOptions& options, Log& log);
int run_launcher(const LauncherOptions& options, Log& log, ProcessOps& ops);

}  // namespace frontdoor
