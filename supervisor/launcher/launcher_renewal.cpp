// The launcher after an upgrade: the program that serves by then takes its place, too, in the same process, so that its
// children, the main PID and all that is kept stay. Not before that program has shown, in a process of its own, that it
// understands what it would find: one that did not would leave the instances without anybody.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "supervisor/launcher/launcher_process.h"

namespace frontdoor {

namespace {

constexpr Millis kForTheCheck{10'000};
constexpr Millis kRenewAgain{1'000};

void close_on_exec(int fd, bool yes) { ::fcntl(fd, F_SETFD, yes ? FD_CLOEXEC : 0); }

std::int64_t nanoseconds(TimePoint time) { return time.time_since_epoch().count(); }
TimePoint time_of(std::int64_t nanoseconds) { return TimePoint{TimePoint::duration{nanoseconds}}; }

bool is_this_program(int fd) {
  struct stat itself {}, other {};
  return ::stat("/proc/self/exe", &itself) == 0 && ::fstat(fd, &other) == 0 && itself.st_dev == other.st_dev &&
         itself.st_ino == other.st_ino;
}

}  // namespace

LauncherState Launcher::state() const {
  const auto front_door = [](const FrontDoorProcess& door) {
    return LauncherState::FrontDoor{door.pid, door.socket.get(), nanoseconds(door.since), nanoseconds(door.over_at)};
  };
  LauncherState state{.front_door = front_door(front_door_),
                      .program = program_.get(),
                      .pause = pause_.count(),
                      .stop_within = stop_within_.count(),
                      .stop_timeout = stop_timeout_.count(),
                      .files_soft = open_files_.rlim_cur,
                      .files_hard = open_files_.rlim_max,
                      .crashed_before = crashed_before_};
  for (const FrontDoorProcess& other : others_) state.draining.push_back(front_door(other));
  for (const auto& [id, record] : records_) {
    LauncherState::Process process{id, record.pid, record.pidfd.get(), record.memo.get(), record.output.get(), record.errors.get(),
                                   record.stop_signal, record.brief, record.ended.has_value(), record.told};
    if (record.ended) {
      process.code = record.ended->si_code;
      process.status = record.ended->si_status;
    }
    state.processes.push_back(process);
  }
  kept_.for_each([&](const std::string& name, const std::vector<OwnedFd>& fds) {
    LauncherState::Kept& kept = state.kept.emplace_back();
    kept.name = name;
    for (const OwnedFd& fd : fds) kept.fds.push_back(fd.get());
  });
  return state;
}

// What ended meanwhile is still there to be waited for.
void Launcher::restore(const LauncherState& state) {
  for (const int fd : descriptors_of(state)) close_on_exec(fd, true);
  const auto front_door = [](const LauncherState::FrontDoor& door) {
    FrontDoorProcess made;
    made.pid = door.pid;
    made.socket = OwnedFd(door.socket);
    made.since = time_of(door.since);
    made.over_at = time_of(door.over_at);
    return made;
  };
  front_door_ = front_door(state.front_door);
  for (const LauncherState::FrontDoor& each : state.draining) {
    others_.push_back(front_door(each));
    others_.back().dismissed = true;
  }
  for (const LauncherState::Process& process : state.processes) {
    Record& record = records_[process.id];
    record.pid = process.pid;
    record.pidfd = OwnedFd(process.pidfd);
    record.memo = OwnedFd(process.memo);
    record.output = OwnedFd(process.output);
    record.errors = OwnedFd(process.errors);
    record.stop_signal = process.stop_signal;
    record.brief = process.brief != 0;
    record.told = process.told != 0;
    if (process.ended == 0) continue;
    siginfo_t& ended = record.ended.emplace();
    ended.si_pid = process.pid;
    ended.si_code = process.code;
    ended.si_status = process.status;
  }
  for (const LauncherState::Kept& kept : state.kept) {
    std::vector<OwnedFd> fds;
    for (const int fd : kept.fds) fds.emplace_back(fd);
    kept_.keep(kept.name, std::move(fds));
  }
  program_ = OwnedFd(state.program);
  pause_ = Millis{state.pause};
  stop_within_ = Millis{state.stop_within};
  front_door_.stop_within = stop_within_;
  stop_timeout_ = Millis{state.stop_timeout};
  open_files_ = {state.files_soft, state.files_hard};
  crashed_before_ = state.crashed_before != 0;
  options_.before_a_word();
  log_.info("the launcher runs the new program", {{"pid", static_cast<std::int64_t>(::getpid())}});
  reap();
}

// Nobody is in the middle of something that is not in state().
bool Launcher::is_at_rest() const {
  const auto is_launching = [](const auto& entry) { return entry.second.report.valid(); };
  const auto heard = [](const FrontDoorProcess& door) { return door.unsent.empty() && door.dismissed; };
  return front_door_.runs() && front_door_.socket.valid() && front_door_.unsent.empty() && !successor_ && !upgrade_.under_way() &&
         !stop_.began() && !exit_status_ && kept_.refuse_at() == TimePoint::max() &&
         std::none_of(records_.begin(), records_.end(), is_launching) && std::all_of(others_.begin(), others_.end(), heard);
}

void Launcher::renew_at_rest() {
  if (!renew_wanted_ || checking_ > 0 || Clock::now() < renew_at_ || !is_at_rest()) return;
  if (service_manager_.owes() && Clock::now() < owed_until_) return;  // it would be lost
  if (checked_) return take_its_place();
  renew_wanted_ = program_.valid() && !is_this_program(program_.get()) && options_.as_launcher_again;
  if (!renew_wanted_) return;
  const OwnedFd state_file = to_memory_file(encode(state()), ops_);
  const pid_t pid = state_file.valid() ? ops_.fork() : -1;
  if (pid < 0) return renew_later(std::strerror(errno));
  if (pid == 0) {
    close_on_exec(state_file.get(), false);
    const std::string number = std::to_string(state_file.get());
    ::setenv(kLauncherStateVariable, number.c_str(), 1);
    char* const argv[] = {const_cast<char*>("frontdoor"), const_cast<char*>(kLauncherCheck), nullptr};
    ::execv(program().c_str(), argv);
    ::_exit(kNotExecuted);
  }
  checking_ = pid;
  checking_for_ = programs_;
  check_over_at_ = Clock::now() + kForTheCheck;
}

void Launcher::check_ended(const siginfo_t& info) {
  checking_ = -1;
  check_over_at_ = TimePoint::max();
  if (checking_for_ != programs_) return;  // another one serves by now, which is looked at next
  if (info.si_code != CLD_EXITED || info.si_status != 0) return stay("it does not understand what this one has");
  checked_ = true;
}

// The machine has nothing left at the moment. That is told once.
void Launcher::renew_later(const std::string& reason) {
  const bool told = std::exchange(renew_at_, Clock::now() + kRenewAgain) != TimePoint{};
  if (told) return;
  options_.before_a_word();
  log_.warn("the launcher goes on with the program of before, for now", {{"reason", reason}});
}

void Launcher::stay(const std::string& reason) {
  renew_wanted_ = checked_ = false;
  options_.before_a_word();
  log_.warn("the launcher goes on with the program of before", {{"reason", reason}});
}

// Returns only when that fails.
void Launcher::take_its_place() {
  const LauncherState left = state();
  const OwnedFd state_file = to_memory_file(encode(left), ops_);
  if (!state_file.valid()) return renew_later(std::strerror(errno));
  std::vector<int> kept = descriptors_of(left);
  kept.push_back(state_file.get());
  for (const int fd : kept) close_on_exec(fd, false);
  hand_on(options_.given);
  options_.as_launcher_again();
  ::setenv(kLauncherStateVariable, std::to_string(state_file.get()).c_str(), 1);
  std::vector<char*> argv;
  for (const std::string& word : options_.front_door) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  ::execv(program().c_str(), argv.data());
  const std::string reason = std::strerror(errno);
  for (const int fd : kept) close_on_exec(fd, true);
  static_cast<void>(take_from_service_manager());  // out of the environment again
  ::unsetenv(kLauncherStateVariable);
  ::unsetenv(kRoleVariable);
  stay(reason);
}

}  // namespace frontdoor
