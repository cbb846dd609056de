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
#include <deque>
#include <map>
#include <optional>

#include "base/log.h"
#include "base/time.h"
#include "supervisor/launch.h"
#include "supervisor/launcher_message.h"
#include "supervisor/process_tree.h"

namespace frontdoor {

namespace {

using Kind = LauncherMessage::Kind;

constexpr std::size_t kMostRecords = 10'000;  // instances that run or whose end nobody has asked about
constexpr std::size_t kMostKept = 1'000;
constexpr Millis kFirstPause{100};  // before a front door that crashed is started anew; doubles
constexpr Millis kLongestPause{5'000};
constexpr Millis kLivedWell{60'000};  // then the pause is short again
constexpr Millis kLook{50};           // at what is left, while the tree is being ended

// What the operator may send to the main process and means for the front door.
constexpr std::array kForwarded{SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};

const char* signal_name(int signal) {
  const char* const name = ::sigabbrev_np(signal);
  return name ? name : "unknown";
}

// An instance, from its launch until the front door has taken note of its end.
struct Record {
  pid_t pid = -1;
  OwnedFd pidfd;
  OwnedFd memo;
  OwnedFd output;  // the reading ends: they outlive the front door, so that no instance meets a broken pipe
  OwnedFd errors;
  int stop_signal = SIGTERM;
  std::optional<siginfo_t> ended;
};

class Launcher {
 public:
  Launcher(const LauncherOptions& options, Log& log) : options_(options), log_(log) {}

  int run() {
    if (!set_up()) return 1;
    start_front_door();
    while (!exit_status_) turn();
    end_what_is_left();
    return *exit_status_;
  }

 private:
  bool set_up();
  void start_front_door();
  void turn();
  int patience() const;

  void read_signals();
  void reap();
  void front_door_ended(const siginfo_t& info);

  void receive();
  void handle(LauncherMessage& message);
  void launch_instance(LauncherMessage& message);
  void hand_over();
  void tell_running(std::uint64_t id, const Record& record);
  void tell_end(std::uint64_t id, const Record& record);
  void send(LauncherMessage message);
  void flush();

  void end_what_is_left();
  std::vector<ProcessInfo> what_is_left() const;

  const LauncherOptions& options_;
  Log& log_;
  OwnedFd signals_;
  OwnedFd front_door_;  // our end of the socketpair
  pid_t front_door_pid_ = -1;
  TimePoint front_door_since_{};
  Millis pause_{0};
  TimePoint start_at_{};  // while there is no front door
  bool told_to_stop_ = false;
  std::optional<int> exit_status_;
  std::deque<LauncherMessage> unsent_;
  std::map<std::uint64_t, Record> records_;
  std::map<std::string, std::vector<OwnedFd>> kept_;
};

OwnedFd duplicate(const OwnedFd& fd) { return OwnedFd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0)); }

bool Launcher::set_up() {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  ::prctl(PR_SET_NAME, "fd-launcher");
  sigset_t watched;
  ::sigemptyset(&watched);
  ::sigaddset(&watched, SIGCHLD);
  for (const int signal : kForwarded) {
    struct sigaction before {};
    ::sigaction(signal, nullptr, &before);
    if (before.sa_handler != SIG_IGN) ::sigaddset(&watched, signal);  // nohup stays in force
  }
  ::sigprocmask(SIG_BLOCK, &watched, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  signals_ = OwnedFd(::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK));
  if (signals_.valid()) return true;
  log_.error("the launcher cannot start", {{"reason", std::strerror(errno)}});
  return false;
}

// The child goes on as the front door by executing this program again, so that nothing of the launcher is in
// it.
void Launcher::start_front_door() {
  int ends[2];
  front_door_since_ = Clock::now();
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    log_.error("the front door cannot be started", {{"reason", std::strerror(errno)}});
    start_at_ = Clock::now() + kLongestPause;
    return;
  }
  OwnedFd ours(ends[0]);
  OwnedFd theirs(ends[1]);
  ::fcntl(ours.get(), F_SETFL, O_NONBLOCK);
  const pid_t launcher = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) {
    log_.error("the front door cannot be started", {{"reason", std::strerror(errno)}});
    start_at_ = Clock::now() + kLongestPause;
    return;
  }
  if (pid == 0) {
    // Its own process group: what a terminal sends reaches the launcher alone, which passes it on once.
    ::setpgid(0, 0);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    ::lseek(STDIN_FILENO, 0, SEEK_SET);  // where it holds the config, each front door reads it from the start
    const int fd = ::fcntl(theirs.get(), F_DUPFD, 3);  // without close-on-exec
    ::setenv(kLauncherVariable, std::to_string(fd).c_str(), 1);
    std::vector<char*> argv;
    for (const std::string& word : options_.front_door) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    if (::getppid() == launcher) ::execv("/proc/self/exe", argv.data());
    ::_exit(1);
  }
  front_door_pid_ = pid;
  front_door_ = std::move(ours);
  hand_over();
}

int Launcher::patience() const {
  if (front_door_pid_ > 0) return -1;
  const auto left = std::chrono::ceil<Millis>(start_at_ - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

void Launcher::turn() {
  std::array<pollfd, 2> watched{pollfd{signals_.get(), POLLIN, 0}, pollfd{front_door_.get(), POLLIN, 0}};
  if (!unsent_.empty()) watched[1].events |= POLLOUT;
  ::poll(watched.data(), watched.size(), patience());
  if (watched[0].revents != 0) read_signals();
  if (watched[1].revents & POLLOUT) flush();
  if (watched[1].revents & (POLLIN | POLLHUP | POLLERR)) receive();
  if (front_door_pid_ > 0 || exit_status_) return;
  if (told_to_stop_)
    exit_status_ = 0;
  else if (Clock::now() >= start_at_)
    start_front_door();
}

void Launcher::read_signals() {
  signalfd_siginfo info{};
  while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
    const int signal = static_cast<int>(info.ssi_signo);
    if (signal == SIGCHLD) {
      reap();
      continue;
    }
    if (signal == SIGTERM || signal == SIGINT) told_to_stop_ = true;
    if (front_door_pid_ > 0) ::kill(front_door_pid_, signal);
  }
}

// Everybody's children end here, also those that an instance left behind.
void Launcher::reap() {
  for (;;) {
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0) return;
    if (info.si_pid == front_door_pid_) {
      front_door_ended(info);
      continue;
    }
    const auto found = std::find_if(records_.begin(), records_.end(), [&](const auto& entry) {
      return entry.second.pid == info.si_pid && !entry.second.ended;
    });
    if (found == records_.end()) continue;
    found->second.ended = info;
    tell_end(found->first, found->second);
  }
}

void Launcher::front_door_ended(const siginfo_t& info) {
  front_door_pid_ = -1;
  front_door_ = {};
  unsent_.clear();
  if (info.si_code == CLD_EXITED || told_to_stop_) {
    exit_status_ = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
    return;
  }
  const bool lived_well = Clock::now() - front_door_since_ > kLivedWell;
  pause_ = lived_well || pause_ == Millis{0} ? kFirstPause : std::min(pause_ * 2, kLongestPause);
  start_at_ = Clock::now() + pause_;
  const auto running =
      std::count_if(records_.begin(), records_.end(), [](const auto& entry) { return !entry.second.ended; });
  log_.error("the front door crashed and is started anew",
             {{"signal", signal_name(info.si_status)},
              {"pause_ms", static_cast<std::int64_t>(pause_.count())},
              {"instances_running", static_cast<std::int64_t>(running)}});
}

// ---- The front door's wishes

void Launcher::receive() {
  while (front_door_.valid()) {
    Received received = receive_message(front_door_.get());
    if (received.empty) return;
    if (received.closed) {  // it has ended or is about to: SIGCHLD tells how
      front_door_ = {};
      unsent_.clear();
      return;
    }
    if (received.message) handle(*received.message);
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
      if (kept_.size() < kMostKept || kept_.contains(message.name))
        kept_[message.name] = std::move(message.fds);
      return;
    case Kind::Drop:
      kept_.erase(message.name);
      return;
    default:
      return;
  }
}

// Launch: request, output and errors for the child, output and errors to keep, sockets.
void Launcher::launch_instance(LauncherMessage& message) {
  constexpr std::size_t kSockets = 5;
  LaunchFailure failure{LaunchStage::Protocol, EPROTO};
  std::optional<LaunchRequest> request;
  if (message.fds.size() >= kSockets && records_.size() < kMostRecords) {
    if (const auto bytes = from_memory_file(message.fds[0].get(), kLongestLaunchRequest))
      request = decode_launch_request(*bytes);
  }
  if (request && request->passed_sockets == message.fds.size() - kSockets) {
    ChildDescriptors child{message.fds[1].get(), message.fds[2].get(), {}};
    for (std::size_t i = kSockets; i < message.fds.size(); ++i) child.sockets.push_back(message.fds[i].get());
    Launched launched = launch(*request, child);
    if (launched.ok()) {
      Record& record = records_[message.id];
      record.pid = launched.pid;
      record.pidfd = OwnedFd(launched.pidfd);
      record.memo = to_memory_file(request->memo);
      record.output = std::move(message.fds[3]);
      record.errors = std::move(message.fds[4]);
      if (request->parent_death_signal != 0) record.stop_signal = request->parent_death_signal;
      LauncherMessage answer{.kind = Kind::Launched, .id = message.id, .pid = launched.pid};
      answer.fds.push_back(duplicate(record.pidfd));
      return send(std::move(answer));
    }
    failure = launched.failure;
  }
  send({.kind = Kind::LaunchFailed,
        .id = message.id,
        .code = static_cast<std::int32_t>(failure.stage),
        .status = failure.error});
}

// What the front door before this one had. A memory file or a descriptor that can not be had leaves its place
// empty; the front door then does without it.
void Launcher::hand_over() {
  for (const auto& [name, fds] : kept_) {
    LauncherMessage message{.kind = Kind::Kept, .name = name};
    for (const OwnedFd& fd : fds) message.fds.push_back(duplicate(fd));
    send(std::move(message));
  }
  for (const auto& [id, record] : records_) {
    tell_running(id, record);
    if (record.ended) tell_end(id, record);
  }
  send({.kind = Kind::HandedOver});
}

void Launcher::tell_running(std::uint64_t id, const Record& record) {
  LauncherMessage message{.kind = Kind::Running, .id = id, .pid = record.pid};
  for (const OwnedFd* fd : {&record.memo, &record.pidfd, &record.output, &record.errors})
    message.fds.push_back(duplicate(*fd));
  send(std::move(message));
}

void Launcher::tell_end(std::uint64_t id, const Record& record) {
  send({.kind = Kind::Exited,
        .id = id,
        .pid = record.pid,
        .code = record.ended->si_code,
        .status = record.ended->si_status});
}

// A front door that is stopped or busy must not hold up the launcher: what it does not take now waits.
void Launcher::send(LauncherMessage message) {
  if (!front_door_.valid()) return;  // it is told when the next one starts
  unsent_.push_back(std::move(message));
  flush();
}

void Launcher::flush() {
  while (front_door_.valid() && !unsent_.empty()) {
    if (send_message(front_door_.get(), unsent_.front()) == Sent::WouldBlock) return;
    unsent_.pop_front();  // one that failed: its reader has gone, and SIGCHLD tells of that
  }
}

// ---- The end

// The front door stops its instances before it ends. What is left now was left by a front door that was
// killed, or is a helper that an app started and forgot; `kill_mode = "process"` is how an app says that it
// did so on purpose.
void Launcher::end_what_is_left() {
  const TimePoint latest = Clock::now() + options_.stop_timeout;
  for (const auto& [id, record] : records_)
    if (!record.ended) ::kill(record.pid, record.stop_signal);
  const auto running = [this] {
    return std::any_of(records_.begin(), records_.end(),
                       [](const auto& entry) { return !entry.second.ended; });
  };
  pollfd watched{signals_.get(), POLLIN, 0};
  while (running() && Clock::now() < latest) {
    ::poll(&watched, 1, static_cast<int>(kLook.count()));
    read_signals();
  }
  for (int look = 0; look < 100; ++look) {
    const auto left = what_is_left();
    if (left.empty()) return;
    for (const ProcessInfo& process : left) signal_process(process, SIGKILL);
    ::poll(&watched, 1, static_cast<int>(kLook.count()));
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

}  // namespace

int run_launcher(const LauncherOptions& options, Log& log) { return Launcher(options, log).run(); }

}  // namespace frontdoor
