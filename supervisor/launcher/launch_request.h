// One process that the launcher is asked to start, as plain data, and the bytes in which it crosses to the
// launcher. Made on the control thread, carried out in the launcher's process. Values; any thread.
//
// After an upgrade either of the two may be of the version before. So these bytes stay as they are, in order and width: both
// ends refuse what is cut, and what has something behind its end, so that nothing is added to them either. Something new that a
// launcher is to carry out is another message (launcher_message.h), which a launcher that does not know it passes over.

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace frontdoor {

// Whom a process runs as: looked up in the user database by the control thread, so that the launcher never
// does.
struct ProcessIdentity {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::vector<std::uint32_t> groups = {};  // supplementary
  bool operator==(const ProcessIdentity&) const = default;
};

struct ResourceLimit {
  std::int32_t resource = 0;  // RLIMIT_*
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;
  bool operator==(const ResourceLimit&) const = default;
};

struct LaunchRequest {
  std::uint64_t id = 0;  // of this one life of an instance; never used twice
  std::vector<std::string> command =
      {};  // argv; command[0] without a slash is looked for in PATH of `environment`
  std::vector<std::string> environment = {};  // "NAME=value", all of it
  std::string directory = {};                 // "" = the launcher's own
  std::optional<ProcessIdentity> identity = {};
  std::optional<std::uint32_t> umask = {};
  std::vector<ResourceLimit> limits = {};
  bool brief = false;  // is waited for by the front door that asks alone, as a check is: no app runs on in it
  std::int32_t parent_death_signal = 0;  // sent by the kernel when the launcher dies; 0 = none
  std::uint32_t passed_sockets =
      0;                  // listening sockets, as descriptors 3, 4, … with LISTEN_FDS and LISTEN_PID
  std::string memo = {};  // the control thread's own words, handed back to its successor

  bool operator==(const LaunchRequest&) const = default;
};

// Larger requests are refused: no environment that execve takes is longer (ARG_MAX is 2 MiB by default).
inline constexpr std::size_t kLongestLaunchRequest = 8 * 1024 * 1024;

std::string encode(const LaunchRequest& request);
// Nothing when the bytes are no request, whatever they are.
std::optional<LaunchRequest> decode_launch_request(std::string_view bytes);

// Where a launch failed: each is explained to the operator in another way.
enum class LaunchStage : std::uint8_t {
  None,
  Protocol,   // the request could not be read
  Fork,       // no process or memory left
  Limits,     // setrlimit
  Identity,   // setgroups, setgid, setuid
  Directory,  // chdir
  Exec,       // no such command, not executable, …
  LauncherGone,  // nobody is there who could start anything
};

struct LaunchFailure {
  LaunchStage stage = LaunchStage::None;
  int error = 0;  // errno
};

}  // namespace frontdoor
