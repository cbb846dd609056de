// Runs the commands of exec checks (type = "exec"): as processes of the launcher like instances are, as whom the pool's
// instances run, a few at a time, each for its time and no longer. All that a check has started is ended with it, also
// what has forked twice. What it writes is read and forgotten, but for the last line of one that fails. Owned by whoever
// wires the supervisor. Control thread.

#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "balancer/check_commands.h"
#include "base/log.h"
#include "config/config.h"
#include "supervisor/instances/check_leavings.h"
#include "supervisor/instances/instance_environment.h"
#include "supervisor/launcher/launch_request.h"
#include "supervisor/launcher/launcher_client.h"
#include "supervisor/launcher/life_marks.h"

namespace frontdoor {

// Of an upstream that is an instance: what its process was told, so that a check of it is told the same.
struct CheckedInstance {
  config::Launch launch = {};
  std::string instance = {};  // "app.1"
  unsigned number = 0;
};

// What a check finds in its environment of the upstream that it is to look at. `port`: another one than the traffic's.
InstanceVariables check_variables(const Upstream& upstream, std::uint16_t port);

class ExecChecks final : public CheckCommands {
 public:
  // Of each pool, so that the checks of one that hang delay no other's.
  static constexpr unsigned kMostAtOnce = 4;

  // After a kill; what hangs in the kernel may take for ever.
  static constexpr Millis kUntilStuck{5'000};

  // Nothing: it is no instance. And the processes of all instances, which are nobody's leavings, and all that there are.
  struct Instances {
    std::function<std::optional<CheckedInstance>(const Upstream&)> find;
    std::function<std::vector<pid_t>()> processes;
    std::function<std::vector<ProcessInfo>()> list = list_processes;
  };

  ExecChecks(boost::asio::io_context& control, Log& log, LauncherClient& launcher, Instances instances,
             Millis until_stuck = kUntilStuck);
  ~ExecChecks() override;

  // As whom, where and with what the checks of each pool run; those of a pool that it does not name are not run.
  void apply(const config::Config& config);
  // The launcher has handed over what it had: nothing is started before.
  void open();
  // Whether a process that it handed over is a check of a front door that has crashed; then it is ended.
  static bool is_check(std::string_view memo);
  // Another front door has the processes from now on: what runs is killed, nothing more is started, and nobody is answered.
  void yield();
  void end(RunningProcess left);

  std::uint64_t start(CheckCommand what, std::function<void(const CheckCommandResult&)> done) override;
  void cancel(std::uint64_t run) override;

 private:
  struct Run;
  using RunPointer = std::shared_ptr<Run>;
  struct Line {  // of a pool
    std::deque<RunPointer> waiting = {};
    unsigned running = 0;
    unsigned stuck = 0;  // of these: they should have ended long ago, and nobody knows when they will
  };

  void pump(const std::string& pool);
  boost::asio::awaitable<void> carry_out(RunPointer run);
  void ended(const RunPointer& run, const ProcessEnd& end);
  boost::asio::awaitable<void> bury(RunningProcess left);
  std::optional<LaunchRequest> request_of(const Run& run) const;  // nothing: nobody says as whom
  void begin_time(const RunPointer& run);
  void doom(const RunPointer& run);
  void kill_soon(const RunPointer& run);
  void kill_doomed();
  void stuck(const RunPointer& run);
  void give_up_those_that_wait(Line& line);
  void answer(const RunPointer& run, CheckCommandResult::End end, std::string detail, std::string words = {});
  void tell_not_run(const Run& run, const std::string& reason);

  boost::asio::io_context& control_;
  Log& log_;
  LauncherClient& launcher_;
  const Instances instances_;
  const Millis until_stuck_;
  std::map<std::string, config::Launch> launches_;  // by pool
  std::map<std::string, Line> lines_;               // the same
  std::map<std::uint64_t, RunPointer> runs_;        // that have not been answered
  std::map<std::string, std::string> not_run_;      // by pool: the reason that was told last
  std::uint64_t last_run_ = 0;
  bool open_ = false;
  std::vector<RunPointer> doomed_;  // that are to be killed at one look at all processes
  CheckLeavings leavings_;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for coroutines that outlive this
};

}  // namespace frontdoor
