// One instance of a pool: the process that serves at its address, started again when it ends, until it is
// stopped for good. Gets traffic only while its health says that it is up, loses it in the moment its process
// ends. Owned by the supervisor, lives on in its coroutine until stopped. Control thread.

#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>

#include "base/log.h"
#include "base/time.h"
#include "config/config.h"
#include "supervisor/instance_host.h"
#include "supervisor/instance_logs.h"
#include "supervisor/instance_places.h"
#include "supervisor/instance_status.h"
#include "supervisor/launch_request.h"
#include "supervisor/launcher_client.h"
#include "supervisor/output_sink.h"
#include "supervisor/restart_policy.h"
#include "supervisor/start_gate.h"

namespace frontdoor {

// What all instances use; outlives them.
struct InstanceContext {
  boost::asio::io_context& control;
  Log& log;
  LauncherClient& launcher;
  InstanceHost& host;
  OutputSink& output;
  InstancePlaces& places;
  InstanceLogs& logs;
};

// In words, for the event log and for whoever asked for the start.
std::string why_not_started(const LaunchRequest& request, const LaunchFailure& failure);

class Instance : public std::enable_shared_from_this<Instance> {
 public:
  Instance(InstanceContext& context, std::shared_ptr<StartGate> gate, InstanceAddress address,
           unsigned number, config::Process settings);

  // Once, when it is a member of its pool. `running`: its process, inherited from a front door that crashed.
  void start(std::optional<RunningProcess> running = std::nullopt);
  // Until it is up (true) or has ended, or one start has failed (false).
  boost::asio::awaitable<bool> proved();
  // Asks the process to end, kills what does not, and returns when nothing of it is left.
  boost::asio::awaitable<void> stop();

  const InstanceAddress& address() const { return address_; }
  const config::Process& settings() const { return settings_; }
  unsigned number() const { return number_; }
  InstanceState state() const { return state_; }
  pid_t pid() const { return pid_; }  // -1 without a process
  std::uint32_t starts() const { return starts_; }
  const std::optional<ProcessEnd>& last_end() const { return last_end_; }  // of the process before
  const RecentLines& recent_lines() const { return lines_->recent; }  // of all lives, and of those before this one

  // What is stored with the launcher, and found again after a crash of the front door.
  static std::string memo_of(const InstanceAddress& address, unsigned number,
                             const config::Process& settings);

 private:
  boost::asio::awaitable<void> run(std::shared_ptr<Instance> self, std::optional<RunningProcess> running);
  boost::asio::awaitable<std::optional<RunningProcess>> launch();
  boost::asio::awaitable<ProcessEnd> live(RunningProcess process);
  boost::asio::awaitable<void> watch_start(std::shared_ptr<Instance> self, std::uint64_t life);
  boost::asio::awaitable<void> follow(std::shared_ptr<Instance> self, OwnedFd pipe, OutputStream stream,
                                      std::shared_ptr<int> open_pipes);
  boost::asio::awaitable<void> terminate(std::shared_ptr<Instance> self, std::uint64_t life);
  boost::asio::awaitable<void> clear_tree(Millis patience);
  boost::asio::awaitable<void> pause(Duration duration);

  LaunchRequest request();
  void begin(const RunningProcess& process);
  void came_up();
  void ended(const ProcessEnd& end, const RestartDecision& decision);
  void move(InstanceState state);
  void add_line(OutputStream stream, pid_t pid, std::string_view line, bool goes_on);

  InstanceContext& context_;
  const std::shared_ptr<StartGate> gate_;
  const InstanceAddress address_;
  const unsigned number_;
  const config::Process settings_;
  RestartPolicy policy_;
  std::minstd_rand random_;

  InstanceState state_ = InstanceState::Starting;
  bool stopping_ = false;
  bool failed_once_ = false;  // a start has failed
  bool given_up_ = false;     // the policy does not start it again
  pid_t pid_ = -1;
  std::uint64_t life_ = 0;         // counts processes; 0 before the first
  bool alive_ = false;             // the process of this life
  std::uint64_t before_life_ = 0;  // the last line of the life before
  pid_t writer_ = -1;              // the process of the last life, also when it has ended
  std::string life_marker_;        // in the environment of whatever it starts
  TimePoint up_since_{};
  bool was_up_ = false;  // in this life
  StartGate::Place starting_;
  std::uint32_t starts_ = 0;
  std::optional<ProcessEnd> last_end_;
  const std::shared_ptr<InstanceLog> lines_;
  boost::asio::steady_timer changed_;  // cancelled at each change of state
};

}  // namespace frontdoor
