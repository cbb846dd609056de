// The front door as the launcher's child: how it is started, and what its end means.

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "base/log.h"
#include "supervisor/launcher/front_door_crash.h"
#include "supervisor/launcher/launcher_process.h"

namespace frontdoor {

using Kind = LauncherMessage::Kind;

namespace {

constexpr Millis kFirstPause{100};  // before a front door that crashed is started anew; doubles
constexpr Millis kLongestPause{5'000};
constexpr Millis kLivedWell{60'000};  // then the pause is short again

const char* signal_name(int signal) {
  const char* const name = ::sigabbrev_np(signal);
  return name ? name : "unknown";
}

}  // namespace

void Launcher::start_front_door() {
  front_door_ = {};
  upgrade_ = {};  // it replaces nobody, and never says that it is ready
  reload_later_ = false;  // it reads the config as it is now
  if (fork_front_door(front_door_, program().c_str())) return hand_over();
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
  // Its own number, which may be beyond the limit that holds again: another one could not be had there.
  const int fd = socket > STDERR_FILENO ? socket : ::fcntl(socket, F_DUPFD, STDERR_FILENO + 1);
  ::fcntl(fd, F_SETFD, 0);
  ::setenv(kLauncherVariable, std::to_string(fd).c_str(), 1);
  ::unsetenv(kRoleVariable);  // it is no launcher, whatever an exec that failed has left
  ::unsetenv(kLauncherStateVariable);
  ::unsetenv(kLastConfigVariable);
  const int config = beside ? -1 : kept_.find(kLastConfig);  // beside one that serves a file with errors is refused
  if (config >= 0) {
    ::fcntl(config, F_SETFD, 0);
    ::setenv(kLastConfigVariable, std::to_string(config).c_str(), 1);
  }
  if (beside) {
    ::setenv(kBesideVariable, "1", 1);
    if (!words_.variable().empty()) ::setenv(LastWords::kVariable, words_.variable().c_str(), 1);
    words_.become_standard_error();
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

// ---- Its end

void Launcher::stops_by_itself() {
  if (stop_.began()) return;
  stop_.told(Clock::now(), stop_within_);
  if (successor_) ::kill(successor_->pid, SIGKILL);  // it has served nobody
}

// Of one that has ended: that it stops, because somebody had asked it to, may still be unread, and then no other follows it.
void Launcher::hear_last_words(FrontDoorProcess& ended) {
  try {
    while (ended.socket.valid()) {
      const Received last = receive_message(ended.socket.get());
      if (last.empty || last.closed) return;
      if (last.message && last.message->kind == Kind::Stopping && &ended == &front_door_) stops_by_itself();
      if (last.message && last.message->kind == Kind::UpgradeFailed) why_not_ = last.message->name;
    }
  } catch (const std::bad_alloc&) {
  }
}

// For the next one, which can not know it otherwise. Where one could not start behind a crash, that crash is what counts.
void Launcher::leave_word_of_a_crash(const siginfo_t& info, TimePoint since) {
  const TimePoint now = Clock::now();
  const FrontDoorCrash crash{.end = {info.si_code != CLD_EXITED, info.si_status, info.si_code == CLD_DUMPED},
                             .away_since = std::min(unheard_since_, now),
                             .lived = std::chrono::duration_cast<Millis>(now - since),
                             .crashes = ++crashes_};
  std::vector<OwnedFd> word;
  word.push_back(to_memory_file(to_text(crash), ops_));
  if (word.front().valid()) kept_.keep(std::string(kFrontDoorCrash), std::move(word));
}

void Launcher::front_door_ended(const siginfo_t& info) {
  hear_last_words(front_door_);
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
  if (!could_not_start) leave_word_of_a_crash(info, since);
  unheard_since_ = std::min(unheard_since_, Clock::now());
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

}  // namespace frontdoor
