#include "supervisor/launcher.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
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
#include "supervisor/launch.h"
#include "supervisor/launcher_process.h"
#include "supervisor/process_ops.h"

namespace frontdoor {

namespace {

constexpr std::size_t kMostRecords = 10'000;  // instances that run or whose end nobody has asked about
constexpr Millis kFirstPause{100};  // before a front door that crashed is started anew; doubles
constexpr Millis kLongestPause{5'000};
constexpr Millis kLivedWell{60'000};  // then the pause is short again
constexpr Millis kForAFallback{60'000};  // until it serves
constexpr Millis kLookAtRest{50};           // at what is left, while the tree is being ended

// What the operator may send to the main process and means for the front door.
constexpr std::array kForwarded{SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};

const char* signal_name(int signal) {
  const char* const name = ::sigabbrev_np(signal);
  return name ? name : "unknown";
}

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

void Launcher::start_front_door() {
  front_door_ = {.beside = one_serves_still()};
  if (front_door_.beside) {
    upgrade_.starts_anew(Clock::now(), kForAFallback);
  } else {  // nobody is left whom it could replace: it never says that it is ready, and it reads the config as it is now
    upgrade_ = {};
    reload_later_ = false;
  }
  if (fork_front_door(front_door_, program().c_str())) {
    if (front_door_.beside) front_door_.send({.kind = Kind::Go});
    return hand_over();
  }
  const int error = errno;
  start_later();
  log_.error("the front door cannot be started", {{"reason", std::strerror(error)},
                                                  {"next_ms", static_cast<std::int64_t>(pause_.count())}});
}

void Launcher::start_later() {
  pause_ = pause_ == Millis{0} ? kFirstPause : std::min(pause_ * 2, kLongestPause);
  start_at_ = Clock::now() + pause_;
}

// What a front door that crashed ran, also when its file is another one by now.
std::string Launcher::program() const {
  return program_.valid() ? "/proc/self/fd/" + std::to_string(program_.get()) : "/proc/self/exe";
}

bool Launcher::fork_front_door(FrontDoorProcess& made, const char* program) {
  int ends[2];
  if (ops_.socket_pair(ends) != 0) return false;
  OwnedFd ours(ends[0]);
  const OwnedFd theirs(ends[1]);
  ::fcntl(ours.get(), F_SETFL, O_NONBLOCK);
  const pid_t launcher = ::getpid();
  made.since = Clock::now();
  const pid_t pid = ops_.fork();
  if (pid < 0) return false;
  if (pid == 0) become_front_door(theirs.get(), launcher, program, made.beside);
  made.pid = pid;
  made.socket = std::move(ours);
  if (options_.given.watchdog.count() != 0) notify(kAlive);  // it gets as long as any other to say so itself
  return true;
}

// The child goes on as the front door by executing this program again, so that nothing of the launcher is in it.
void Launcher::become_front_door(int socket, pid_t launcher, const char* program, bool beside) {
  // Its own process group: what a terminal sends reaches the launcher alone, which passes it on once. A group in the
  // background is stopped when it writes to a terminal that says so (stty tostop), or reads from it.
  ::setpgid(0, 0);
  ::signal(SIGTTOU, SIG_IGN);
  ::signal(SIGTTIN, SIG_IGN);
  // A signal that is passed on before it listens for it must not end it. It releases them itself.
  sigset_t held;
  ::sigemptyset(&held);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2}) ::sigaddset(&held, signal);
  ::sigprocmask(SIG_SETMASK, &held, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  ::setrlimit(RLIMIT_NOFILE, &open_files_);
  ::lseek(STDIN_FILENO, 0, SEEK_SET);  // where it holds the config, each front door reads it from the start
  const int fd = ::fcntl(socket, F_DUPFD, 3);  // without close-on-exec
  ::setenv(kLauncherVariable, std::to_string(fd).c_str(), 1);
  ::unsetenv(kRoleVariable);  // it is no launcher, whatever an exec that failed has left
  ::unsetenv(kLauncherStateVariable);
  if (beside) {
    ::setenv(kBesideVariable, "1", 1);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // until its turn has come it would be left behind for nothing
  }
  hand_on(options_.given);
  hand_on(kept_.listeners());
  std::vector<char*> argv;
  for (const std::string& word : options_.front_door) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  if (::getppid() == launcher) ::execv(program, argv.data());
  ::_exit(kNotExecuted);
}

int Launcher::patience() const {
  TimePoint next = std::min({kept_.refuse_at(), stop_.over_at(), upgrade_.over_at(), check_over_at_});
  for (const FrontDoorProcess& other : others_) next = std::min(next, other.over_at);
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
    const auto events = static_cast<short>(each->unsent.empty() ? POLLIN : POLLIN | POLLOUT);
    watched.push_back({each->socket.get(), events, 0});
  }
  if (::poll(watched.data(), watched.size(), patience()) < 0 && errno != EINTR)
    ::poll(nullptr, 0, static_cast<int>(kLookAtRest.count()));  // out of memory; not in a circle as fast as it goes
  // By their numbers: what one of them says may move the others to another place.
  std::vector<pid_t> speaking;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (watched[i + 1].revents & POLLOUT) all[i]->flush();
    if (watched[i + 1].revents & (POLLIN | POLLHUP | POLLERR)) speaking.push_back(all[i]->pid);
  }
  if (watched[0].revents != 0) read_signals();
  for (const pid_t pid : speaking)
    if (FrontDoorProcess* const one = find_front_door(pid)) receive(*one);
  tell_ends();
  end_patience();
  renew_at_rest();
  if (front_door_.runs() || successor_ || exit_status_) return;
  if (stop_.began())
    exit_status_ = 0;
  else if (Clock::now() >= start_at_)
    start_front_door();
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
    if (FrontDoorProcess* const one = find_front_door(info.si_pid)) {
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

void Launcher::front_door_ended(const siginfo_t& info) {
  const TimePoint since = front_door_.since;
  front_door_ = {};
  if (!stop_.began() && ended_before_it_was_ready(info)) return;
  const bool exited = info.si_code == CLD_EXITED;
  const auto running =
      std::count_if(records_.begin(), records_.end(), [](const auto& entry) { return !entry.second.ended && !entry.second.brief; });
  // One that ends in order has ended its instances before. One that comes after a crash and leaves them could not start:
  // its file has been broken meanwhile, perhaps. They live on until it is mended.
  const bool could_not_start = exited && info.si_status != 0 && crashed_before_ && running != 0;
  if (stop_.began() || (exited && !could_not_start)) {
    exit_status_ = exited ? info.si_status : 128 + info.si_status;
    return;
  }
  crashed_before_ = true;
  kept_.front_door_crashed(Clock::now());
  if (Clock::now() - since > kLivedWell) pause_ = Millis{0};
  start_later();
  options_.before_a_word();
  if (could_not_start) {
    log_.error("the front door could not start and is started anew",
               {{"status", static_cast<std::int64_t>(info.si_status)},
                {"pause_ms", static_cast<std::int64_t>(pause_.count())},
                {"instances_running", static_cast<std::int64_t>(running)}});
    return notify("STATUS=the front door cannot start, its instances run on");
  }
  log_.error("the front door crashed and is started anew",
             {{"signal", signal_name(info.si_status)},
              {"pause_ms", static_cast<std::int64_t>(pause_.count())},
              {"instances_running", static_cast<std::int64_t>(running)}});
  notify(std::string("STATUS=the front door crashed (SIG") + signal_name(info.si_status) + ") and is started anew");
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
      return kept_.keep(message.name, std::move(message.fds));
    case Kind::Drop:
      kept_.drop(message.name);
      for (FrontDoorProcess& other : others_)
        if (!other.dismissed) other.send({.kind = Kind::Drop, .name = message.name});
      return;
    case Kind::Upgrade:
      return begin_upgrade(message);
    case Kind::Yielded:
    case Kind::Ready:
      return upgraded_message(front_door_, message);
    case Kind::StopWithin:
      stop_within_ = Millis{message.code};
      front_door_.stop_within = stop_within_;
      stop_timeout_ = Millis{message.status};
      return;
    case Kind::Stopping:
      if (!stop_.began()) stop_.told(Clock::now(), stop_within_);
      return;
    case Kind::Notify:
      return notify(message.name);
    default:
      return;
  }
}

void Launcher::launch_instance(LauncherMessage& message) {
  LaunchFailure failure{LaunchStage::Fork, ENOMEM};
  try {
    failure = try_launch(message);
  } catch (const std::bad_alloc&) {
    const auto place = records_.find(message.id);
    if (place != records_.end() && place->second.pid < 0) records_.erase(place);
  }
  if (failure.stage != LaunchStage::None)
    front_door_.send({.kind = Kind::LaunchFailed,
          .id = message.id,
          .code = static_cast<std::int32_t>(failure.stage),
          .status = failure.error});
}

// Launch: request, output and errors for the child, output and errors to keep, sockets. What takes memory comes before
// there is a process, so that there is none that nobody knows.
LaunchFailure Launcher::try_launch(LauncherMessage& message) {
  constexpr std::size_t kSockets = 5;
  if (message.lost_fds) return {LaunchStage::Fork, EMFILE};
  if (records_.size() >= kMostRecords) return {LaunchStage::Fork, EAGAIN};
  if (message.fds.size() < kSockets) return {LaunchStage::Protocol, EPROTO};
  const auto bytes = from_memory_file(message.fds[0].get(), kLongestLaunchRequest);
  auto request = bytes ? decode_launch_request(*bytes) : std::nullopt;
  if (!request || request->passed_sockets != message.fds.size() - kSockets) return {LaunchStage::Protocol, EPROTO};

  ChildDescriptors child{message.fds[1].get(), message.fds[2].get(), {}};
  for (std::size_t i = kSockets; i < message.fds.size(); ++i) child.sockets.push_back(message.fds[i].get());
  request->limits.insert(request->limits.begin(), {RLIMIT_NOFILE, open_files_.rlim_cur, open_files_.rlim_max});
  LauncherMessage answer{.kind = Kind::Launched, .id = message.id};
  answer.fds.reserve(1);
  const auto place = records_.try_emplace(message.id).first;

  const Launched launched = launch(*request, child, ops_);
  if (!launched.ok()) {
    records_.erase(place);
    return launched.failure;
  }
  Record& record = place->second;
  record.pid = launched.pid;
  record.pidfd = OwnedFd(launched.pidfd);
  record.memo = to_memory_file(request->memo, ops_);
  record.brief = request->brief;
  record.output = std::move(message.fds[3]);
  record.errors = std::move(message.fds[4]);
  if (request->parent_death_signal != 0) record.stop_signal = request->parent_death_signal;
  answer.pid = launched.pid;
  answer.fds.push_back(duplicate(record.pidfd));
  front_door_.send(std::move(answer));
  return {};
}

// What the front door before this one had. A memory file or a descriptor that can not be had leaves its place
// empty; the front door then does without it.
void Launcher::hand_over() {
  // It was started with the listening sockets.
  kept_.for_each_other([this](const std::string& name, const std::vector<OwnedFd>& fds) {
    LauncherMessage message{.kind = Kind::Kept, .name = name};
    for (const OwnedFd& fd : fds) message.fds.push_back(duplicate(fd));
    front_door_.send(std::move(message));
  });
  for (auto& [id, record] : records_) record.told = false;
  for (const auto& [id, record] : records_) tell_running(id, record);
  tell_ends();
  front_door_.send({.kind = Kind::HandedOver});
}

void Launcher::tell_running(std::uint64_t id, const Record& record) {
  LauncherMessage message{.kind = Kind::Running, .id = id, .pid = record.pid};
  for (const OwnedFd* fd : {&record.memo, &record.pidfd, &record.output, &record.errors})
    message.fds.push_back(duplicate(*fd));
  front_door_.send(std::move(message));
}

void Launcher::tell_ends() {
  if (!front_door_.socket.valid()) return;  // the next one is told
  for (auto& [id, record] : records_) {
    if (!record.ended || record.told) continue;
    front_door_.send({.kind = Kind::Exited,
          .id = id,
          .pid = record.pid,
          .code = record.ended->si_code,
          .status = record.ended->si_status});
    record.told = true;
  }
}

// The front door's words: systemd takes them from the main process of the unit alone, unless it is told otherwise.
void Launcher::notify(const std::string& lines) {
  const std::string reason = service_manager_.send(lines);
  if (!reason.empty() && !std::exchange(notify_failed_, true))
    log_.warn("the service manager cannot be told", {{"reason", reason}});
  if (reason.empty()) notify_failed_ = false;
}

// ---- The end

// The front door stops its instances before it ends. What is left now was left by a front door that was
// killed, or is a helper that an app started and forgot; `kill_mode = "process"` is how an app says that it
// did so on purpose.
void Launcher::end_what_is_left() {
  kept_.close_listeners();
  const Millis patience = stop_.hurried() ? std::min(stop_timeout_, options_.stop_timeout) : stop_timeout_;
  const TimePoint latest = Clock::now() + patience;
  for (const auto& [id, record] : records_)
    if (!record.ended) ::kill(record.pid, record.stop_signal);
  const auto running = [this] {
    return std::any_of(records_.begin(), records_.end(),
                       [](const auto& entry) { return !entry.second.ended; });
  };
  pollfd watched{signals_.get(), POLLIN, 0};
  while (running() && Clock::now() < latest) {
    ::poll(&watched, 1, static_cast<int>(kLookAtRest.count()));
    read_signals();
  }
  for (int look = 0; look < 100; ++look) {
    const auto left = what_is_left();
    if (left.empty()) return;
    for (const ProcessInfo& process : left) signal_process(process, SIGKILL);
    ::poll(&watched, 1, static_cast<int>(kLookAtRest.count()));
    read_signals();
  }
  log_.warn("processes are left that do not die",
            {{"processes", static_cast<std::uint64_t>(what_is_left().size())}});
}

std::vector<ProcessInfo> Launcher::what_is_left() const {
  auto left = descendants(list_processes(), ::getpid());
  std::erase_if(left, [](const ProcessInfo& process) {
    return process.state == 'Z' || started_with(process.pid, "FRONTDOOR_KILL_MODE=process");
  });
  return left;
}

int run_launcher(const LauncherOptions& options, Log& log) {
  ProcessOps kernel;
  return run_launcher(options, log, kernel);
}

int run_launcher(const LauncherOptions& options, Log& log, ProcessOps& ops) {
  return Launcher(options, log, ops).run();
}

}  // namespace frontdoor
