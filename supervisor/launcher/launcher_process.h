// The launcher's inside (launcher.h): what it holds, and what it does with it. launcher.cpp has its turn, launcher_front_door.cpp
// and launcher_instances.cpp its children, launcher_upgrade.cpp what it does while one front door takes another one's place,
// launcher_renewal.cpp how another launcher takes its own. Single-threaded.

#pragma once

#include <sys/resource.h>
#include <sys/wait.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "supervisor/launcher/front_door_process.h"
#include "supervisor/launcher/kept_descriptors.h"
#include "supervisor/launcher/last_words.h"
#include "supervisor/launcher/launcher.h"
#include "supervisor/launcher/launcher_message.h"
#include "supervisor/launcher/launcher_state.h"
#include "supervisor/launcher/process_ops.h"
#include "supervisor/launcher/process_tree.h"
#include "supervisor/launcher/stop_patience.h"
#include "supervisor/launcher/upgrade_plan.h"

namespace frontdoor {

class Log;
struct LaunchFailure;

inline constexpr Millis kLookAtRest{50};  // at what is left, while the tree is being ended

// An instance, from its launch until the front door has taken note of its end.
struct Record {
  pid_t pid = -1;
  OwnedFd report;  // until it is known whether its command is executed, and somebody waits for that
  TimePoint begun = {};
  OwnedFd pidfd;
  OwnedFd memo;
  OwnedFd output;  // the reading ends: they outlive the front door, so that no instance meets a broken pipe
  OwnedFd errors;
  int stop_signal = SIGTERM;
  bool brief = false;  // a check: no instance
  std::optional<siginfo_t> ended;
  bool told = false;  // the front door that runs, of the end
};

class Launcher {
 public:
  Launcher(const LauncherOptions& options, Log& log, ProcessOps& ops)
      : options_(options),
        log_(log),
        ops_(ops),
        service_manager_(options.given.notify_socket),
        stop_within_(options.stop_within),
        stop_timeout_(options.stop_timeout),
        kept_(options.longest_wait) {}

  int run();

 private:
  bool set_up();
  void raise_open_files();
  void start_front_door();
  bool fork_front_door(FrontDoorProcess& made, const char* program);
  [[noreturn]] void become_front_door(int socket, pid_t launcher, const char* program, bool beside);
  std::string program() const;
  void start_later();
  void turn();
  int patience() const;

  void read_signals();
  void end_patience();
  void reap();
  void stops_by_itself();
  void hear_last_words(FrontDoorProcess& ended);
  void front_door_ended(const siginfo_t& info);
  void leave_word_of_a_crash(const siginfo_t& info, TimePoint since);

  // ---- Another front door in its place: launcher_upgrade.cpp
  void begin_upgrade(const LauncherMessage& asked);
  void start_successor(const std::string& path);
  void hand_over_to_successor();
  void give_up(const std::string& reason);
  bool give_back(const std::string& reason);  // false: nobody has let go of the instances and serves
  void dismiss_others(const std::string& version);
  void upgraded_message(FrontDoorProcess& from, LauncherMessage& message);
  void successor_ended(const siginfo_t& info);
  void hear_its_words();
  bool ended_before_it_was_ready(const siginfo_t& info);  // the one that had just got the instances
  void other_ended(const siginfo_t& info);
  void note_crash(const siginfo_t& info);
  void end_upgrade_patience(TimePoint now);
  FrontDoorProcess* find_front_door(pid_t pid);

  // ---- Another launcher in its own place: launcher_renewal.cpp
  LauncherState state() const;
  void restore(const LauncherState& state);
  bool is_at_rest() const;
  void renew_at_rest();
  void check_ended(const siginfo_t& info);
  void take_its_place();
  void renew_later(const std::string& reason);
  void stay(const std::string& reason);

  void receive(FrontDoorProcess& from);
  void tell(FrontDoorProcess& to, LauncherMessage message) { to.send(std::move(message), ops_); }
  void tell_the_rest(FrontDoorProcess& to, TimePoint now);
  void handle(LauncherMessage& message);
  void launch_instance(LauncherMessage& message);
  LaunchFailure try_launch(LauncherMessage& message);
  void answer_launches();
  void tell_launch_failed(std::uint64_t id, const LaunchFailure& failure);
  TimePoint given_up_at(const Record& launching) const;
  void hand_over();
  OwnedFd duplicate(const OwnedFd& fd) { return OwnedFd(fd.valid() ? ops_.duplicate(fd.get()) : -1); }
  void tell_running(std::uint64_t id, const Record& record);
  void tell_ends();
  void make_room_in_pipes(TimePoint now);
  void tell_not_kept(const std::string& name);
  void notify(const std::string& lines);
  void note_notified(const std::string& failure);

  void end_what_is_left();
  std::vector<ProcessInfo> what_is_left(const std::vector<ProcessInfo>& all) const;

  const LauncherOptions& options_;
  Log& log_;
  ProcessOps& ops_;
  NotifySocket service_manager_;
  bool notify_failed_ = false;
  TimePoint notify_again_at_ = TimePoint::max();  // with what is owed to it
  OwnedFd signals_;
  FrontDoorProcess front_door_;  // that has the instances
  std::optional<FrontDoorProcess> successor_;
  std::vector<FrontDoorProcess> others_;  // of before: they serve until they are dismissed, then they drain
  UpgradePlan upgrade_;
  OwnedFd program_;         // what a front door that crashed is started from; none: this very program
  OwnedFd successors_;      // the program by the path of the one that is started beside
  std::string why_killed_;  // of one that was not ready in time
  LastWords words_;         // of the new one, as long as anybody has them as standard error
  std::string why_not_;     // what the new one has said of why it can not serve
  bool reload_later_ = false;
  bool renew_wanted_ = false;  // another program serves than the one that this process runs
  bool checked_ = false;       // and that one can take over
  TimePoint renew_at_{};       // not before, when it could not be tried
  TimePoint owed_until_{};     // so long what is owed to the service manager is waited for
  unsigned programs_ = 0;      // that have served
  unsigned checking_for_ = 0;  // the one of them that is looked at
  pid_t checking_ = -1;        // the process that looks whether
  TimePoint check_over_at_ = TimePoint::max();
  Millis pause_{0};
  TimePoint start_at_{};  // while there is no front door
  rlimit open_files_{};   // as we were started; what we start finds it so
  Millis stop_within_;
  Millis stop_timeout_;  // of the instances
  StopPatience stop_;
  bool crashed_before_ = false;
  std::uint32_t crashes_ = 0;
  TimePoint unheard_since_ = TimePoint::max();  // no front door reads what the instances write
  std::uint64_t thrown_away_ = 0;               // bytes of it
  std::optional<int> exit_status_;
  std::map<std::uint64_t, Record> records_;
  KeptDescriptors kept_;
};

}  // namespace frontdoor
