// The instances and the checks as the launcher's children: started when the front door asks, kept for the one after it, and
// told of when they have ended. And what is left of them when there is no front door any more.

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <new>
#include <utility>

#include "base/log.h"
#include "supervisor/launcher/launch.h"
#include "supervisor/launcher/launcher_process.h"

namespace frontdoor {

using Kind = LauncherMessage::Kind;

namespace {

constexpr Millis kForALaunchAtTheEnd{2'000};
constexpr std::size_t kMostRecords = 10'000;  // instances that run or whose end nobody has asked about

// Bytes that wait in a pipe whose writer may stand still. A pipe has room for pages, and a line goes into the page of the
// one before only if all of it fits there: of two neighbours one may be nearly empty, and of the first one most may have
// been read.
int may_be_full(int size) {
  const int page = static_cast<int>(::sysconf(_SC_PAGESIZE));
  return std::max(size / 2 - page, 1);
}

// How much of that was still there.
std::uint64_t throw_away(int pipe, int bytes) {
  std::array<char, 16 * 1024> oldest;
  std::uint64_t gone = 0;
  while (bytes > 0) {
    const ssize_t size = ::read(pipe, oldest.data(), std::min(oldest.size(), static_cast<std::size_t>(bytes)));
    if (size <= 0) break;
    bytes -= static_cast<int>(size);
    gone += static_cast<std::uint64_t>(size);
  }
  return gone;
}

}  // namespace

void Launcher::launch_instance(LauncherMessage& message) {
  LaunchFailure failure{LaunchStage::Fork, ENOMEM};
  try {
    failure = try_launch(message);
  } catch (const std::bad_alloc&) {
    const auto place = records_.find(message.id);
    if (place != records_.end() && place->second.pid < 0) records_.erase(place);
  }
  if (failure.stage != LaunchStage::None) tell_launch_failed(message.id, failure);
}

void Launcher::tell_launch_failed(std::uint64_t id, const LaunchFailure& failure) {
  tell(front_door_, {.kind = Kind::LaunchFailed,
        .id = id,
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
  const auto place = records_.try_emplace(message.id).first;

  const Launched launched = launch(*request, child, ops_);
  if (!launched.ok()) {
    records_.erase(place);
    return launched.failure;
  }
  Record& record = place->second;
  record.pid = launched.pid;
  record.report = OwnedFd(launched.report);
  record.begun = Clock::now();
  record.pidfd = OwnedFd(launched.pidfd);
  record.memo = to_memory_file(request->memo, ops_);
  record.brief = request->brief;
  record.output = std::move(message.fds[3]);
  record.errors = std::move(message.fds[4]);
  if (request->parent_death_signal != 0) record.stop_signal = request->parent_death_signal;
  return {};
}

// Of those that have executed their command or could not. A directory or a file that does not answer, as on a dead network file
// system, is given up in the end, and holds up nothing else until then.
void Launcher::answer_launches() {
  const TimePoint now = Clock::now();
  for (auto next = records_.begin(); next != records_.end();) {
    const auto& [id, record] = *next;
    const auto place = next++;
    if (!record.report.valid()) continue;
    std::optional<LaunchFailure> outcome = outcome_of_launch(record.report.get());
    if (!outcome && now >= given_up_at(record)) {
      ::kill(record.pid, SIGKILL);
      outcome = LaunchFailure{LaunchStage::Exec, ETIMEDOUT};
    }
    if (!outcome) continue;
    if (outcome->stage != LaunchStage::None) {
      tell_launch_failed(id, *outcome);
      records_.erase(place);
      continue;
    }
    LauncherMessage answer{.kind = Kind::Launched, .id = id, .pid = record.pid};
    answer.fds.push_back(duplicate(record.pidfd));
    tell(front_door_, std::move(answer));
    place->second.report = {};
  }
}

// A front door that is to stop waits for it.
TimePoint Launcher::given_up_at(const Record& launching) const {
  return launching.begun + (stop_.began() ? std::min(options_.launch_within, kForALaunchAtTheEnd) : options_.launch_within);
}

// What the front door before this one had. A memory file or a descriptor that can not be had leaves its place
// empty; the front door then does without it.
void Launcher::hand_over() {
  // It was started with the listening sockets.
  kept_.for_each_other([this](const std::string& name, const std::vector<OwnedFd>& fds) {
    LauncherMessage message{.kind = Kind::Kept, .name = name};
    for (const OwnedFd& fd : fds) message.fds.push_back(duplicate(fd));
    tell(front_door_, std::move(message));
  });
  for (auto& [id, record] : records_) {
    record.told = false;
    record.report = {};  // who had asked for it waits no longer: it runs, or its end is told
  }
  for (const auto& [id, record] : records_) tell_running(id, record);
  tell_ends();
  tell(front_door_, {.kind = Kind::HandedOver});
}

void Launcher::tell_running(std::uint64_t id, const Record& record) {
  LauncherMessage message{.kind = Kind::Running, .id = id, .pid = record.pid};
  for (const OwnedFd* fd : {&record.memo, &record.pidfd, &record.output, &record.errors})
    message.fds.push_back(duplicate(*fd));
  tell(front_door_, std::move(message));
}

void Launcher::tell_ends() {
  if (!front_door_.socket.valid()) return;  // the next one is told
  for (auto& [id, record] : records_) {
    if (!record.ended || record.told || record.report.valid()) continue;
    tell(front_door_, {.kind = Kind::Exited,
          .id = id,
          .pid = record.pid,
          .code = record.ended->si_code,
          .status = record.ended->si_status});
    record.told = true;
  }
}

// An app that nobody hears must not stand still: of a pipe that gets full the oldest goes, and the rest is for whoever comes.
void Launcher::make_room_in_pipes(TimePoint now) {
  if (unheard_since_ == TimePoint::max() || now < unheard_since_ + options_.longest_wait) return;
  const std::uint64_t before = thrown_away_;
  for (const auto& [id, record] : records_) {
    for (const OwnedFd* pipe : {&record.output, &record.errors}) {
      int waiting = 0;
      if (!pipe->valid() || ::ioctl(pipe->get(), FIONREAD, &waiting) != 0 || waiting == 0) continue;
      const int full = may_be_full(::fcntl(pipe->get(), F_GETPIPE_SZ));
      if (waiting >= full) thrown_away_ += throw_away(pipe->get(), waiting - full / 2);
    }
  }
  if (before != 0 || thrown_away_ == 0) return;
  options_.before_a_word();
  log_.error("no front door reads what the instances write: the oldest of it is thrown away");
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
    const auto all = list_processes();
    const auto left = what_is_left(all);
    if (left.empty() && !all.empty()) return;
    for (const ProcessInfo& process : left) signal_process(process, SIGKILL);
    ::poll(&watched, 1, static_cast<int>(kLookAtRest.count()));
    read_signals();
  }
  log_.warn("processes are left that do not die",
            {{"processes", static_cast<std::uint64_t>(what_is_left(list_processes()).size())}});
}

std::vector<ProcessInfo> Launcher::what_is_left(const std::vector<ProcessInfo>& all) const {
  auto left = descendants(all, ::getpid());
  std::erase_if(left, [](const ProcessInfo& process) {
    return process.state == 'Z' || started_with(process.pid, "FRONTDOOR_KILL_MODE=process");
  });
  return left;
}

}  // namespace frontdoor
