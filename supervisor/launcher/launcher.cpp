#include "supervisor/launcher/launcher.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <new>
#include <utility>

#include "base/log.h"
#include "base/process_names.h"
#include "supervisor/launcher/launcher_process.h"

namespace frontdoor {

namespace {

// What the operator may send to the main process and means for the front door.
constexpr Millis kToldOfRefusal{1'000};  // that lasts as long
constexpr Millis kOwedAgain{1'000};
constexpr std::array kForwarded{SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};

}  // namespace

using Kind = LauncherMessage::Kind;

int Launcher::run() {
  if (!set_up()) return 1;
  if (options_.before) restore(*options_.before);
  while (!exit_status_ || !others_.empty()) {
    try {
      turn();
    } catch (const std::bad_alloc&) {
      ::poll(nullptr, 0, static_cast<int>(kLookAtRest.count()));  // what is not done yet is tried again
    }
  }
  end_what_is_left();
  return *exit_status_;
}

bool Launcher::set_up() {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  ::prctl(PR_SET_NAME, kLauncherName);
  sigset_t watched;
  ::sigemptyset(&watched);
  ::sigaddset(&watched, SIGCHLD);
  for (const int signal : kForwarded) {
    struct sigaction before {};
    ::sigaction(signal, nullptr, &before);
    const bool ignored = before.sa_handler == SIG_IGN && (signal != SIGHUP || !options_.hangup_reloads);
    if (!ignored) ::sigaddset(&watched, signal);  // nohup stays in force
  }
  ::sigprocmask(SIG_BLOCK, &watched, nullptr);
  if (options_.hangup_reloads) ::signal(SIGHUP, SIG_DFL);  // what is ignored is not even told
  ::signal(SIGPIPE, SIG_IGN);
  raise_open_files();
  signals_ = OwnedFd(::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK));
  if (signals_.valid()) return true;
  log_.error("the launcher cannot start", {{"reason", std::strerror(errno)}});
  return false;
}

// Three descriptors for each instance: the usual limit of 1,024 would be reached by some hundred of them.
void Launcher::raise_open_files() {
  if (::getrlimit(RLIMIT_NOFILE, &open_files_) != 0) return;
  const rlimit most{open_files_.rlim_max, open_files_.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &most);
}

int Launcher::patience() const {
  TimePoint next = std::min({kept_.refuse_at(), stop_.over_at(), upgrade_.over_at(), check_over_at_, notify_again_at_});
  for (const FrontDoorProcess& other : others_) next = std::min({next, other.over_at, other.again_at});
  next = std::min(next, front_door_.again_at);
  if (successor_) next = std::min(next, successor_->again_at);
  for (const auto& [id, record] : records_)
    if (record.report.valid()) next = std::min(next, given_up_at(record));
  if (renew_wanted_ && renew_at_ > Clock::now()) next = std::min(next, renew_at_);
  if (unheard_since_ != TimePoint::max()) next = std::min(next, std::max(unheard_since_ + options_.longest_wait, Clock::now() + kLookAtRest));
  if (!front_door_.runs() && !successor_ && !exit_status_) next = std::min(next, start_at_);
  if (next == TimePoint::max()) return -1;
  const auto left = std::chrono::ceil<Millis>(next - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

void Launcher::turn() {
  std::vector<FrontDoorProcess*> all{&front_door_};
  if (successor_) all.push_back(&*successor_);
  for (FrontDoorProcess& other : others_) all.push_back(&other);
  std::vector<pollfd> watched{pollfd{signals_.get(), POLLIN, 0}};
  for (const FrontDoorProcess* each : all) {
    const auto events = static_cast<short>(each->waits_for_room() ? POLLIN | POLLOUT : POLLIN);
    watched.push_back({each->socket.get(), events, 0});
  }
  const std::size_t words = watched.size();
  if (words_.fd() >= 0) watched.push_back({words_.fd(), POLLIN, 0});
  for (const auto& [id, record] : records_)
    if (record.report.valid()) watched.push_back({record.report.get(), POLLIN, 0});
  if (::poll(watched.data(), watched.size(), patience()) < 0 && errno != EINTR)
    ::poll(nullptr, 0, static_cast<int>(kLookAtRest.count()));  // out of memory; not in a circle as fast as it goes
  const TimePoint now = Clock::now();
  // By their numbers: what one of them says may move the others to another place.
  std::vector<pid_t> speaking;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if ((watched[i + 1].revents & POLLOUT) != 0) all[i]->flush(ops_);
    tell_the_rest(*all[i], now);
    if (watched[i + 1].revents & (POLLIN | POLLHUP | POLLERR)) speaking.push_back(all[i]->pid);
  }
  if (words_.fd() >= 0 && watched[words].revents != 0) {
    options_.before_a_word();
    if (!words_.hear()) words_.close();
  }
  if (watched[0].revents != 0) read_signals();
  for (const pid_t pid : speaking)
    if (FrontDoorProcess* const one = find_front_door(pid)) receive(*one);
  answer_launches();
  tell_ends();
  end_patience();
  renew_at_rest();
  if (front_door_.runs() || successor_ || exit_status_) return;
  if (stop_.began())
    exit_status_ = 0;
  else if (Clock::now() >= start_at_)
    start_front_door();
}

// What the kernel has refused to take, for a while now perhaps.
void Launcher::tell_the_rest(FrontDoorProcess& to, TimePoint now) {
  if (to.again_at == TimePoint::max() || now < to.again_at) return;
  to.flush(ops_);
  if (to.again_at == TimePoint::max() || now < to.refused_since + kToldOfRefusal || std::exchange(to.refusal_told, true)) return;
  options_.before_a_word();
  log_.error("a front door can not be told what it waits for, and it is tried on",
             {{"pid", static_cast<std::int64_t>(to.pid)}, {"reason", std::strerror(to.refused_with)}});
}

FrontDoorProcess* Launcher::find_front_door(pid_t pid) {
  if (front_door_.pid == pid) return &front_door_;
  if (successor_ && successor_->pid == pid) return &*successor_;
  for (FrontDoorProcess& other : others_)
    if (other.pid == pid) return &other;
  return nullptr;
}

// With those who wait for a front door that listens again, and with a front door that was told to stop.
void Launcher::end_patience() {
  const TimePoint now = Clock::now();
  if (now >= kept_.refuse_at()) {
    options_.before_a_word();
    log_.error("no front door listens again: clients are refused from now on",
               {{"waited_ms", static_cast<std::int64_t>(options_.longest_wait.count())}});
    kept_.close_listeners();
  }
  end_upgrade_patience(now);
  make_room_in_pipes(now);
  if (now >= notify_again_at_) note_notified(service_manager_.send_owed());
  if (now < stop_.over_at()) return;
  stop_.has_been_killed();
  for (const FrontDoorProcess& other : others_) ::kill(other.pid, SIGKILL);
  if (!front_door_.runs()) return;
  options_.before_a_word();
  log_.error("the front door does not stop and is killed; its instances are stopped without it",
             {{"pid", static_cast<std::int64_t>(front_door_.pid)},
              {"waited_ms", static_cast<std::int64_t>(stop_.waited(now).count())}});
  ::kill(front_door_.pid, SIGKILL);
}

void Launcher::read_signals() {
  signalfd_siginfo info{};
  while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
    const int signal = static_cast<int>(info.ssi_signo);
    if (signal == SIGCHLD) {
      reap();
      continue;
    }
    const bool stop = signal == SIGTERM || signal == SIGINT || (signal == SIGHUP && !options_.hangup_reloads);
    // A terminal that is closed may say so twice; a second signal of the others means it.
    if (stop && (signal != SIGHUP || !stop_.began()))
      stop_.told(Clock::now(), stop_.began() ? options_.at_once : stop_within_);
    if (stop && successor_) ::kill(successor_->pid, SIGKILL);  // it has served nobody
    if (signal == SIGHUP && !stop && upgrade_.under_way()) {
      reload_later_ = true;  // by whoever serves then
      continue;
    }
    for (const FrontDoorProcess& other : others_)
      if (stop || signal == SIGUSR1) ::kill(other.pid, signal);
    if (!front_door_.runs()) continue;
    ::kill(front_door_.pid, signal);
    if (stop) ::kill(front_door_.pid, SIGCONT);  // one that somebody has stopped could not end in order
  }
}

// Everybody's children end here, also those that an instance left behind.
void Launcher::reap() {
  for (;;) {
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0) return;
    if (info.si_pid == checking_) {
      check_ended(info);
      continue;
    }
    if (find_front_door(info.si_pid)) {
      if (info.si_pid == front_door_.pid) front_door_ended(info);
      else if (successor_ && info.si_pid == successor_->pid) successor_ended(info);
      else other_ended(info);
      continue;
    }
    const auto found = std::find_if(records_.begin(), records_.end(), [&](const auto& entry) {
      return entry.second.pid == info.si_pid && !entry.second.ended;
    });
    if (found == records_.end()) continue;
    found->second.ended = info;
  }
}

// ---- The front door's wishes

void Launcher::receive(FrontDoorProcess& from) {
  const pid_t pid = from.pid;
  for (;;) {
    FrontDoorProcess* const one = find_front_door(pid);  // it may have moved meanwhile
    if (one == nullptr || !one->socket.valid()) return;
    Received received = receive_message(one->socket.get());
    if (received.empty) return;
    if (received.closed) return one->hang_up();  // it has ended or is about to: SIGCHLD tells how
    if (!received.message) continue;
    if (one != &front_door_) upgraded_message(*one, *received.message);
    else handle(*received.message);
  }
}

void Launcher::handle(LauncherMessage& message) {
  switch (message.kind) {
    case Kind::Launch:
      return launch_instance(message);
    case Kind::Forget:
      records_.erase(message.id);
      return;
    case Kind::Keep:
      if (message.lost_fds) return tell_not_kept(message.name);
      return kept_.keep(message.name, std::move(message.fds));
    case Kind::Drop:
      kept_.drop(message.name);
      for (FrontDoorProcess& other : others_)
        if (!other.dismissed) tell(other, {.kind = Kind::Drop, .name = message.name});
      return;
    case Kind::Upgrade:
      return begin_upgrade(message);
    case Kind::Yielded:
    case Kind::Ready:
      return upgraded_message(front_door_, message);
    case Kind::StopWithin:  // it has come as far as to take the instances over
      if (std::exchange(thrown_away_, 0) != 0) log_.warn("what the instances wrote meanwhile is lost in part");
      unheard_since_ = TimePoint::max();
      stop_within_ = Millis{message.code};
      front_door_.stop_within = stop_within_;
      stop_timeout_ = Millis{message.status};
      return;
    case Kind::Stopping:
      return stops_by_itself();
    case Kind::UpgradeFailed:  // it has the instances already, and can not serve
      why_not_ = message.name;
      return;
    case Kind::Notify:
      return notify(message.name);
    default:
      return;
  }
}

// What has had the name before stays: of a listener it is the same one.
void Launcher::tell_not_kept(const std::string& name) {
  options_.before_a_word();
  log_.warn("the launcher has no descriptor left for what it is to keep", {{"name", name}});
}

// The front door's words: systemd takes them from the main process of the unit alone, unless it is told otherwise.
void Launcher::notify(const std::string& lines) {
  note_notified(service_manager_.send(lines));
}

void Launcher::note_notified(const std::string& failure) {
  notify_again_at_ = service_manager_.owes() ? Clock::now() + kOwedAgain : TimePoint::max();
  if (failure.empty()) {
    notify_failed_ = false;
  } else if (!std::exchange(notify_failed_, true)) {
    options_.before_a_word();
    log_.warn("the service manager cannot be told", {{"reason", failure}});
  }
}

int run_launcher(const LauncherOptions& options, Log& log) {
  ProcessOps kernel;
  return run_launcher(options, log, kernel);
}

int run_launcher(const LauncherOptions& options, Log& log, ProcessOps& ops) {
  return Launcher(options, log, ops).run();
}

}  // namespace frontdoor
