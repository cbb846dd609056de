// One instance of a pool: the process that serves at its address, started again when it ends, until it is
// stopped for good. Gets traffic only while its health says that it is up, loses it in the moment its process
// ends. Owned by its pool's group, lives on in its coroutine until stopped. Control thread. The states:
// instance_status.h.

#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/time.h"
#include "config/config.h"
#include "supervisor/instances/crash_cause.h"
#include "supervisor/instances/instance_host.h"
#include "supervisor/instances/instance_notify_socket.h"
#include "supervisor/instances/instance_places.h"
#include "supervisor/instances/instance_status.h"
#include "supervisor/instances/notice.h"
#include "supervisor/instances/place_history.h"
#include "supervisor/instances/pool_plan.h"
#include "supervisor/instances/restart_policy.h"
#include "supervisor/instances/start_diagnosis.h"
#include "supervisor/instances/start_gate.h"
#include "supervisor/launcher/launch_request.h"
#include "supervisor/launcher/launcher_client.h"
#include "supervisor/launcher/process_tree.h"
#include "supervisor/output/instance_logs.h"
#include "supervisor/output/output_reader.h"

namespace frontdoor {

// What all instances use; outlives them.
struct InstanceContext {
  boost::asio::io_context& control;
  Log& log;
  LauncherClient& launcher;
  InstanceHost& host;
  AppOutput& output;
  InstancePlaces& places;
  InstanceLogs& logs;
  Tick ticks = 0;  // the last one
};

// Why a start did not come up, and what the app wrote last; both "" while nothing is known against it.
struct StartFailure {
  std::string why = {};
  std::string last_words = {};
};
// In one line, for those who may read what apps write: whoever asked for the start by the socket or with the token.
std::string to_string(const StartFailure& failure);

class Instance : public std::enable_shared_from_this<Instance> {
 public:
  // What the instances of a pool share.
  struct Shared {
    std::shared_ptr<StartGate> gate;
    std::shared_ptr<Notice> changed;  // told at each change of any of them
    std::function<void()> members_changed = [] {};  // one listens elsewhere now
  };

  Instance(InstanceContext& context, Shared shared, std::shared_ptr<PlaceHistory> history, InstanceAddress address,
           unsigned number, config::Process settings);

  // Once, when it is a member of its pool.
  void start();
  // The same with a process that a front door has left that crashed. `launch`: what it was started with; `served`: and has
  // been up, as far as anybody knows.
  void take_over(RunningProcess running, std::string launch, bool served);
  // Likewise where its process had ended for good: it has none until somebody asks for one.
  void rest(const std::optional<ProcessEnd>& end);
  // Without its process it begins at once with another one, which is started as `settings` say; with one, that is
  // asked to end first.
  void restart_now(const config::Process& settings, std::string reason);
  // Out of its pool: no new requests, and no process after the one that it has. `until`: when its WebSockets and
  // streams are to have been closed.
  void leave(TimePoint until);
  // Another front door has its process from now on: nothing it writes or says is read here any more.
  void yield();
  bool has_requests() const;  // or may still get some
  // It hangs: let it tell where, if it can. It is not asked to end for a moment.
  void ask_where_it_hangs();
  TimePoint telling_until() const { return telling_until_; }
  // Asks the process to end, kills what does not, and returns when nothing of it is left.
  boost::asio::awaitable<void> stop();
  // What a running process does not notice holds at once, the rest from its next start on. Its successor is started as
  // these say, and at once where that is something else.
  void change(const config::Process& settings);

  const InstanceAddress& address() const { return address_; }
  const config::Process& settings() const { return settings_; }
  // Whether its process was started as these say, or will be.
  bool started_as(const config::Launch& launch) const;
  // As the last of its processes was that has been up; none: none was.
  const std::optional<config::Launch>& served_as() const { return served_as_; }
  const std::shared_ptr<Upstream>& upstream() const { return upstream_; }  // null: its pool is gone from the config
  unsigned number() const { return number_; }
  InstanceState state() const { return state_; }
  TimePoint since() const { return since_; }
  pid_t pid() const { return pid_; }  // -1 without a process
  std::uint32_t starts() const { return starts_; }
  const std::optional<ProcessEnd>& last_end() const { return history_->last_end; }  // of the process before
  const RecentLines& recent_lines() const { return lines_->recent; }  // of all lives, and of those before this one
  std::optional<TimePoint> next_start() const { return next_start_; }

  bool idle() const;               // without a process, and none about to be started
  bool was_up() const { return was_up_; }  // the process that it has
  const std::string& says() const { return status_; }  // STATUS= of its process; "" = nothing
  const std::string& late() const { return late_; }    // why it will not be up, as far as can be seen; "" = nothing
  bool failed() const { return !failure_.why.empty(); }      // the last start did not come up
  const StartFailure& failure() const { return failure_; }
  Tick born() const;  // when its process was started; kNotBornYet: it is about to be

 private:
  boost::asio::awaitable<void> run(std::shared_ptr<Instance> self, std::optional<RunningProcess> running);
  boost::asio::awaitable<std::optional<RunningProcess>> launch();
  boost::asio::awaitable<ProcessEnd> live(RunningProcess process);
  boost::asio::awaitable<void> watch_start(std::shared_ptr<Instance> self, std::uint64_t life);
  boost::asio::awaitable<void> terminate(std::shared_ptr<Instance> self, std::uint64_t life);
  boost::asio::awaitable<void> clear_tree(Duration patience);
  void look_below();
  bool send(int signal);  // to its process alone
  boost::asio::awaitable<void> pause(Duration duration);

  void spawn_run(std::optional<RunningProcess> running);
  bool done() const { return stopping_ || leaving_; }  // no process after the one that it has
  LaunchRequest request();
  std::string prepare(std::vector<int>& sockets);  // for a start; what is wrong, or ""
  std::string take_place();
  void begin_to_watch();
  void stop_watching();
  bool is_ready() const;
  std::string listen_to(OwnedFd&& socket);
  void begin_to_hear();
  boost::asio::awaitable<void> listen_later(std::shared_ptr<Instance> self, std::uint64_t life, OwnedFd socket);
  void hear(const NotifyMessage& message);
  boost::asio::awaitable<void> await_own_stop(std::shared_ptr<Instance> self, std::uint64_t life);
  StartDiagnosis diagnose() const;
  std::string early_end(const ProcessEnd& end) const;
  void begin(const RunningProcess& process);
  void came_up();
  void ended(const ProcessEnd& end);
  RestartDecision decide(const ProcessEnd& end);
  bool is_outdated() const;
  RestartDecision begin_anew();
  void tell_end(const ProcessEnd& end, const RestartDecision& decision);
  void start_failed(const std::string& why);
  std::string last_words() const;
  boost::asio::awaitable<void> count_casualties(TimePoint died);
  void move(InstanceState state);

  InstanceContext& context_;
  const Shared shared_;
  const std::shared_ptr<PlaceHistory> history_;
  InstanceAddress address_;
  const unsigned number_;
  config::Process settings_;
  std::string launched_as_;  // launch_text() of its process
  std::optional<config::Launch> launched_;   // the same; none: by another program, which writes it otherwise
  std::optional<config::Launch> served_as_;
  RestartPolicy policy_;
  std::minstd_rand random_;
  std::shared_ptr<Upstream> upstream_;

  InstanceState state_ = InstanceState::Starting;
  TimePoint since_ = Clock::now();
  bool running_ = false;         // run() is
  bool stopping_ = false;
  bool leaving_ = false;
  bool restart_asked_ = false;   // by somebody, not by the policy
  bool in_line_ = false;         // to be started
  bool engaged_ = false;         // has a process, or has asked the launcher for one
  StartFailure failure_;         // of the last start
  pid_t pid_ = -1;
  std::optional<ProcessInfo> who_;  // with its start: a number alone may pass to another process
  std::uint64_t life_ = 0;         // counts processes; 0 before the first
  bool alive_ = false;             // the process of this life
  bool taken_over_ = false;        // the same: of a front door before
  bool asked_to_end_ = false;      // the same
  TimePoint telling_until_{};      // the same
  CrashCause cause_;
  TimePoint killed_at_{};          // then, if it has not listened
  std::uint64_t before_life_ = 0;  // the last line of the life before
  pid_t writer_ = -1;              // the process of the last life, also when it has ended
  std::string life_marker_;        // in the environment of whatever it starts
  std::vector<ProcessInfo> seen_below_;  // of this life, when it came up or was asked to end
  TimePoint up_since_{};
  bool was_up_ = false;  // in this life
  Tick born_ = 0;
  TimePoint begun_{};                     // this life
  TimePoint start_latest_{};              // when it has to be ready
  bool said_ready_ = false;               // in this life, by READY=1
  bool stops_itself_ = false;             // the same, by STOPPING=1
  std::string early_end_;                 // the same, of one that was never up
  std::string status_;                    // what it says of itself
  std::string late_;                      // what was seen of one that starts for long
  std::shared_ptr<InstanceNotifySocket> notify_;  // null: it is not asked to say anything
  std::string notify_path_;
  std::optional<TimePoint> next_start_;
  StartGate::Place starting_;
  std::uint32_t starts_ = 0;
  const std::shared_ptr<InstanceLog> lines_;
  const std::shared_ptr<OutputReader> output_;
};

}  // namespace frontdoor
