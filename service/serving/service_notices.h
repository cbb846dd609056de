// What the service manager (systemd, Type=notify) is told: ready, reloading, stopping, how things are in one line, and
// that every worker's loop still turns. Owned by the Service; where the words go is its matter, because behind a
// launcher it is the launcher, the unit's main process, that speaks. Control thread.

#pragma once

#include <sys/types.h>

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "base/log.h"
#include "base/time.h"
#include "proxy/server/server.h"

namespace frontdoor {

// How the members of all pools are.
struct Census {
  std::uint64_t members = 0;
  std::uint64_t up = 0;
  std::uint64_t starting = 0;    // instances
  std::uint64_t crash_loop = 0;  // instances
};

// "3/4 up, 1 crash loop": what `systemctl status` shows.
std::string status_line(const Census& census);

class ServiceNotices {
 public:
  using Send = std::function<void(const std::string& lines)>;
  // `main`: the unit's main process. An empty `send`: nobody wants to be told.
  ServiceNotices(Send send, pid_t main) : send_(std::move(send)), main_(main) {}

  bool wanted() const { return static_cast<bool>(send_); }
  void ready(const std::string& status);
  void reloading();
  void reloaded(const std::string& status);
  // `at_most`: until it is over. systemd waits that long, whatever its own TimeoutStopSec says.
  void stopping(const std::string& status, Duration at_most);
  void status(const std::string& status);  // only what is new is sent
  void alive() { tell("WATCHDOG=1"); }
  // Another process is the unit's main process from now on, and speaks for itself.
  void succeeded_by(pid_t process);
  void be_silent() { send_ = {}; }

 private:
  void tell(const std::string& lines);

  Send send_;
  const pid_t main_;
  std::string last_status_;
};

// As long as each worker turns its loop, says so often enough; says nothing while one is stuck. Never ends.
boost::asio::awaitable<void> watch_workers(Server& server, Log& log, ServiceNotices& notices,
                                           std::chrono::microseconds watchdog);

}  // namespace frontdoor
