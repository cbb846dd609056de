// What crosses the socketpair between the launcher and the front door: small fixed messages, each with the
// descriptors that belong to it (SCM_RIGHTS). What is larger travels as a memory file. The socketpair keeps
// message boundaries (SOCK_SEQPACKET). Any thread that owns its end.
//
//   front door ─► launcher   Launch (request, output, errors, kept output, kept errors, sockets…), Forget,
//   Keep, Drop, Notify (lines for the service manager), StopWithin, Stopping
//   launcher ─► front door   Launched (pidfd), LaunchFailed, Exited
//     at the start of a front door's process, what the one before it had:
//                            Running (memo, pidfd, kept output, kept errors), Kept, Exited, then HandedOver
//
//   An upgrade (upgrade_plan.h), in the order of its messages; where there is no launcher the old front door stands for it:
//   old ─► launcher            Upgrade (the program's path, milliseconds that it has)
//          launcher ◄─ new     Prepared, or UpgradeFailed (why it can not serve), before it ends
//   old ◄─ launcher            Yield
//   old ─► launcher            Yielded
//          launcher ─► new     Go, then what is told at a start
//   old ◄─ launcher ◄─ new     Drop, for each listener that the new one does not have
//          launcher ◄─ new     Ready (its version)
//   old ◄─ launcher            Leave (the version and pid), or UpgradeFailed (the reason) at any time before; behind Yielded
//                              then Reclaim (the reason) and what is told at a start: the instances are the old one's again

#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace frontdoor {

class ProcessOps;

// Closes itself.
class OwnedFd {
 public:
  OwnedFd() = default;
  explicit OwnedFd(int fd) : fd_(fd) {}
  OwnedFd(OwnedFd&& other) noexcept : fd_(other.release()) {}
  OwnedFd& operator=(OwnedFd&& other) noexcept;
  ~OwnedFd();

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int release();

 private:
  int fd_ = -1;
};

inline constexpr std::size_t kLongestName = 255;  // what is longer is cut
// Notify: the word by which systemd's watchdog knows that this one lives.
inline constexpr const char* kAlive = "WATCHDOG=1";

struct LauncherMessage {
  enum class Kind : std::uint32_t {
    None,
    Launch,
    Forget,
    Keep,
    Drop,
    Launched,
    LaunchFailed,
    Exited,
    Running,
    Kept,
    HandedOver,
    Notify,
    StopWithin,
    Stopping,
    // The numbers are those of another version, too: an upgraded front door talks to the launcher of before.
    Upgrade,
    Prepared,
    Yield,
    Yielded,
    Go,
    Ready,
    Leave,
    UpgradeFailed,
    Reclaim  // the last one: receive_message() compares with it
  };

  Kind kind = Kind::None;
  std::uint64_t id = 0;     // of a launch
  std::int32_t pid = 0;     // Launched, Running; Leave: of the one that serves
  std::int32_t code = 0;    // Exited: CLD_EXITED, CLD_KILLED, CLD_DUMPED; LaunchFailed: LaunchStage;
                            // StopWithin: milliseconds that a stop takes at most; Upgrade: until it is given up
  std::int32_t status = 0;  // Exited: exit status or signal; LaunchFailed: errno;
                            // StopWithin: milliseconds of those that are the instances'
  std::string name = {};    // Keep, Drop, Kept: what the descriptor is; Notify: the lines; Upgrade: the path; Ready, Leave:
                            // the version; UpgradeFailed, Reclaim: the reason; at most 255 bytes
  std::vector<OwnedFd> fds = {};  // one that could not be had leaves its place empty
  bool lost_fds = false;          // received: this process had no descriptors left for all of them
};

// WouldBlock: as soon as there is room. TryAgain: the kernel has no memory for it, or this user has too many descriptors on their
// way (errno); nothing tells when that has passed. NobodyThere: and never again, as the end of the socket says, too.
enum class Sent : std::uint8_t { Ok, WouldBlock, TryAgain, NobodyThere };
Sent send_message(int socket, const LauncherMessage& message);
Sent send_message(int socket, const LauncherMessage& message, ProcessOps& ops);
inline constexpr std::chrono::milliseconds kTrySendingAgain{20};

// `closed`: the other end has gone. No message and not closed: none there (yet), or one that was no message.
struct Received {
  std::optional<LauncherMessage> message = {};
  bool closed = false;
  bool empty = false;  // nothing waits
};
Received receive_message(int socket);

// A memory file with these bytes; invalid and errno when there is no memory or descriptor for it.
OwnedFd to_memory_file(std::string_view bytes);
OwnedFd to_memory_file(std::string_view bytes, ProcessOps& ops);
std::optional<std::string> from_memory_file(int fd, std::size_t limit);

}  // namespace frontdoor
