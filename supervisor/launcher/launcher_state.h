// All that a launcher has, as plain data: what it leaves to the program that takes its place in the same process (exec keeps
// the children and the descriptors, and nothing else). Values; any thread.

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace frontdoor {

struct LauncherState {
  struct FrontDoor {
    std::int32_t pid = -1;
    std::int32_t socket = -1;
    std::int64_t since = 0;    // nanoseconds of the steady clock, which goes on
    std::int64_t over_at = 0;  // the same; of one that drains
    bool operator==(const FrontDoor&) const = default;
  };
  struct Process {
    std::uint64_t id = 0;
    std::int32_t pid = -1;
    std::int32_t pidfd = -1;
    std::int32_t memo = -1;
    std::int32_t output = -1;
    std::int32_t errors = -1;
    std::int32_t stop_signal = 0;
    std::uint8_t brief = 0;
    std::uint8_t ended = 0;  // and then how, as waitid has it
    std::uint8_t told = 0;
    std::int32_t code = 0;
    std::int32_t status = 0;
    bool operator==(const Process&) const = default;
  };
  struct Kept {
    std::string name = {};
    std::vector<std::int32_t> fds = {};
    bool operator==(const Kept&) const = default;
  };

  FrontDoor front_door = {};
  std::vector<FrontDoor> draining = {};
  std::vector<Process> processes = {};
  std::vector<Kept> kept = {};
  std::int32_t program = -1;
  std::int64_t pause = 0;  // milliseconds, these three
  std::int64_t stop_within = 0;
  std::int64_t stop_timeout = 0;
  std::uint64_t files_soft = 0;
  std::uint64_t files_hard = 0;
  std::uint8_t crashed_before = 0;
  bool operator==(const LauncherState&) const = default;
};

std::string encode(const LauncherState& state);
std::optional<LauncherState> decode_launcher_state(std::string_view bytes);
// Each descriptor of it that is one.
std::vector<int> descriptors_of(const LauncherState& state);

}  // namespace frontdoor
