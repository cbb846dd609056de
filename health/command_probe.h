// One probe of one upstream by a command (type = "exec"): has it run, waits for how it ends, and measures how late the
// control loop was meanwhile. The runner bounds its time. Control thread.

#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>

#include "balancer/check_commands.h"
#include "config/config.h"
#include "health/deadline.h"
#include "health/probe.h"

namespace frontdoor {

class CommandProbe {
 public:
  CommandProbe(const boost::asio::any_io_executor& executor, CheckCommands& commands, CheckCommand what);
  ~CommandProbe();
  CommandProbe(const CommandProbe&) = delete;
  CommandProbe& operator=(const CommandProbe&) = delete;

  boost::asio::awaitable<ProbeReport> run();  // once; the probe must outlive it
  void cancel();                              // run() ends soon, with a report of no value

 private:
  CheckCommands& commands_;
  CheckCommand what_;
  boost::asio::steady_timer answered_;  // cancelled then
  std::shared_ptr<Deadline> ticks_;
  std::optional<std::uint64_t> run_;
  std::optional<CheckCommandResult> result_;
};

}  // namespace frontdoor
