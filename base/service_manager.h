// What a service manager (systemd) gives the process that it starts, in its environment: where it wants to be told
// how things are, how often, and sockets that it has opened. Taken out of the environment at the start, so that no
// child believes that it was meant. Main thread, before there are others.

#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace frontdoor {

// As sd_listen_fds(3) passes them.
struct PassedSocket {
  std::string name = {};  // of LISTEN_FDNAMES; "unknown" where there are no names
  int fd = -1;
  bool operator==(const PassedSocket&) const = default;
};

struct FromServiceManager {
  std::string notify_socket = {};         // NOTIFY_SOCKET; "" = nobody wants to be told
  std::chrono::microseconds watchdog{0};  // WATCHDOG_USEC: it must hear from us this often; 0 = it need not
  std::vector<PassedSocket> sockets = {};
  bool operator==(const FromServiceManager&) const = default;
};

// What the variables mean to the process `self`. Those that name another process are not for it. Pure.
using ReadVariable = std::function<const char*(const char* name)>;
FromServiceManager read_service_manager(const ReadVariable& variable, pid_t self);

// The same of this process's own environment, where they are gone afterwards. The sockets become close-on-exec.
FromServiceManager take_from_service_manager();

// What LISTEN_FDS and LISTEN_FDNAMES are for a process that has these sockets under these numbers. Pure.
struct PassedSocketNames {
  std::size_t count = 0;
  std::string names = {};
};
PassedSocketNames names_of(const std::vector<PassedSocket>& sockets);

// In a child that has been forked and is about to execute a program that is to find the same: the variables, with
// this process's number, and the sockets open and where they were.
void hand_on(const FromServiceManager& given);

// What is lost with a message: nothing (Alive, the watchdog's, which comes again), how things were (Status, of which the last
// counts), or that something has changed, for which a service manager may wait, and end the unit when it has done so in vain.
enum class ManagerNotice : std::uint8_t { Alive, Status, Change };
ManagerNotice kind_of_notice(std::string_view lines);

// Where the service manager listens. Each message is a few lines, NAME=VALUE (sd_notify(3)). Waits for a service
// manager that is busy, at most half a second. What could not be said is owed, but for the watchdog's. One thread.
class NotifySocket {
 public:
  explicit NotifySocket(std::string path) : path_(std::move(path)) {}

  bool wanted() const { return !path_.empty(); }
  std::string send(std::string_view lines);  // "" or what went wrong
  bool owes() const { return !owed_.empty(); }
  std::string send_owed();  // the same; does not wait

 private:
  enum class Patience : std::uint8_t { None, AMoment };
  std::string try_to_send(std::string_view lines, Patience patience) const;
  void owe(std::string_view lines);

  std::string path_;
  std::deque<std::string> owed_;  // in their order; a few
};

}  // namespace frontdoor
