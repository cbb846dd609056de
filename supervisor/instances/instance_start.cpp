// What an instance needs before it starts, and how it is known to be ready: its place, its socket for READY=1, which
// probe may let it in, and what was seen of one that is not ready.

#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <utility>

#include "base/detached.h"
#include "base/listening_sockets.h"
#include "base/quietly.h"
#include "supervisor/instances/instance.h"
#include "supervisor/instances/instance_memo.h"
#include "supervisor/launcher/life_marks.h"
#include "supervisor/launcher/process_tree.h"

namespace frontdoor {

namespace asio = boost::asio;
using Port = config::Launch::Port;
using Ready = config::Launch::Ready;

namespace {

constexpr int kMostPlaces = 5;     // that are tried at one start
constexpr Millis kListenAgain{1'000};
constexpr int kMostExtensions = 10;  // an app may ask for so many times its start_timeout

}  // namespace

std::string Instance::prepare(std::vector<int>& sockets) {
  life_marker_ = fresh_life();
  said_ready_ = stops_itself_ = taken_over_ = false;
  status_.clear();
  if (!context_.places.fits(address_.endpoint, settings_)) {  // the config wants another kind of place now
    if (auto problem = take_place(); !problem.empty()) return problem;
  }
  for (int tried = 1;; ++tried) {
    InstancePlaces::Opened opened = context_.places.open(address_.endpoint);
    sockets = std::move(opened.sockets);
    if (opened.problem.empty()) break;
    if (tried == kMostPlaces) return opened.problem;
    context_.log.warn("the port of an instance is taken, it gets another one", {{"pool", address_.pool},
                                                                               {"instance", address_.instance},
                                                                               {"reason", opened.problem}});
    if (auto problem = take_place(); !problem.empty()) return problem;
  }
  if (settings_.ready != Ready::Notify) return "";
  auto notify = context_.places.open_notify(settings_, address_.instance, life_marker_);
  if (!notify.problem.empty()) return "a socket for READY=1: " + notify.problem;
  const std::string problem = listen_to(std::move(notify.socket));
  if (problem.empty()) return "";
  context_.places.close_notify(notify.path, life_marker_);
  return "a socket for READY=1: " + problem;
}

std::string Instance::take_place() {
  const auto taken = context_.places.take(settings_, address_.instance);
  if (!taken.place) return taken.problem;
  context_.places.give_back(address_.endpoint);
  address_.endpoint = *taken.place;
  shared_.members_changed();
  upstream_ = context_.host.upstream_of(address_);
  return "";
}

// What is said meanwhile waits in the socket.
asio::awaitable<void> Instance::listen_later([[maybe_unused]] std::shared_ptr<Instance> self, std::uint64_t life, OwnedFd socket) {
  asio::steady_timer pause(context_.control);
  do {
    pause.expires_after(kListenAgain);
    co_await pause.async_wait(quietly);
  } while (alive_ && life_ == life && !context_.launcher.yielded() && !listen_to(std::move(socket)).empty());
}

// Of a process that has just been started, or of one that a front door has left that crashed.
void Instance::begin_to_watch() {
  begun_ = Clock::now();
  start_latest_ = begun_ + settings_.start_timeout;
  if (context_.places.was_ready(life_marker_)) said_ready_ = true;
  if (notify_) {
    begin_to_hear();
  } else if (OwnedFd inherited = context_.places.inherited_notify(life_marker_); inherited.valid()) {
    if (const std::string problem = listen_to(std::move(inherited)); !problem.empty()) {
      context_.log.warn("an instance is not heard for now",
                        {{"pool", address_.pool}, {"instance", address_.instance}, {"reason", problem}});
      asio::co_spawn(context_.control, listen_later(shared_from_this(), life_, std::move(inherited)), or_end);
    }
  }
  if (!upstream_) return;
  using Admission = Upstream::Admission;
  const bool awaits_word = settings_.ready == Ready::Notify && !said_ready_;
  // One that this process has back from a successor that failed has served all the time: had it ended, it would be down,
  // and only what has passed since comes up again.
  const bool serves_on = taken_over_ && !awaits_word && upstream_->available();
  if (!serves_on) upstream_->judge_anew(Clock::now());
  upstream_->set_starting(true);
  upstream_->set_admission(awaits_word                           ? Admission::Nobody
                           : settings_.ready == Ready::Listen ? Admission::Connect
                                                                 : Admission::Check);
  context_.host.probe_now(*upstream_);
}

void Instance::stop_watching() {
  if (upstream_) upstream_->set_admission(Upstream::Admission::Nobody);
  context_.places.close(address_.endpoint);
  if (!notify_) return;
  notify_->close();
  notify_.reset();
  context_.places.close_notify(notify_path_, life_marker_);
  notify_path_.clear();
}

bool Instance::is_ready() const {
  if (!is_nowhere(address_.endpoint)) return upstream_ && upstream_->available();
  return settings_.ready == Ready::Notify ? said_ready_ : Clock::now() - begun_ >= settings_.min_uptime;
}

// ---- What it says

// "", or why the kernel can not watch it; then it is still the caller's.
std::string Instance::listen_to(OwnedFd&& socket) {
  try {
    notify_ = std::make_shared<InstanceNotifySocket>(context_.control, std::move(socket));
  } catch (const boost::system::system_error& problem) {
    return problem.code().message();
  }
  notify_path_ = notify_->path();
  if (alive_) begin_to_hear();
  return "";
}

// Once it is known which process it is: a quick one may have said something before, which waits in the socket until then.
void Instance::begin_to_hear() {
  const auto log = [this](const char* event, pid_t who) {
    context_.log.warn(event, {{"pool", address_.pool}, {"instance", address_.instance}, {"pid", who}});
  };
  const std::uint32_t user = settings_.account ? settings_.account->uid : ::geteuid();
  // Closed, and so silent, before this instance ends.
  notify_->listen({
      .belongs =
          [this, user](pid_t sender, uid_t its_user) {
            const auto descends = descends_from(sender, pid_);
            // A sender that has ended since can not be looked at; but only the instance's user enters the directory.
            if (!descends) return its_user == user;
            return *descends || started_with(sender, "FRONTDOOR_LIFE=" + life_marker_);
          },
      .said = [this](const NotifyMessage& message) { hear(message); },
      .stranger = [log](pid_t sender) { log("a process that is not of the instance speaks for it, unheard", sender); },
      .flooded = [this, log] { log("instance floods its notify socket and is read slowly", pid_); },
  });
}

void Instance::hear(const NotifyMessage& message) {
  if (!alive_) return;
  if (message.status) status_ = *message.status;
  if (message.reloading && !message.status) status_ = "reloading";
  if (message.main_pid && *message.main_pid != pid_)
    context_.log.warn("MAINPID is not followed: the process that was started is the one that counts",
                      {{"pool", address_.pool}, {"instance", address_.instance}, {"pid", pid_}, {"main_pid", *message.main_pid}});
  if (message.extend)
    start_latest_ = std::max(start_latest_, std::min<TimePoint>(Clock::now() + *message.extend,
                                                                begun_ + settings_.start_timeout * kMostExtensions));
  if (message.ready && !std::exchange(said_ready_, true)) {
    context_.places.note_ready(life_marker_);
    if (upstream_) {
      upstream_->set_admission(Upstream::Admission::Check);
      context_.host.probe_now(*upstream_);
    }
  }
  if (message.stopping && !std::exchange(stops_itself_, true)) {
    context_.log.info("instance says that it stops", {{"pool", address_.pool}, {"instance", address_.instance}, {"pid", pid_}});
    if (upstream_) {
      upstream_->set_admission(Upstream::Admission::Nobody);
      upstream_->set_starting(false);
      upstream_->change(upstream_->seen(), UpstreamState::Down, "it said STOPPING=1", Clock::now(), DownCause::Unwell);
    }
    asio::co_spawn(context_.control, await_own_stop(shared_from_this(), life_), or_end);
  }
  shared_.changed->tell();
}

// What it has may be finished; but not for ever.
asio::awaitable<void> Instance::await_own_stop(std::shared_ptr<Instance> self, std::uint64_t life) {
  const TimePoint latest = Clock::now() + settings_.stop_timeout;
  while (alive_ && life_ == life && Clock::now() < latest) {
    const std::uint64_t seen = shared_.changed->version();
    co_await shared_.changed->changed(seen, latest);
  }
  if (alive_ && life_ == life) co_await terminate(self, life);
}

// ---- What is seen of one that is not ready

StartDiagnosis Instance::diagnose() const {
  StartSight sight;
  sight.expected = address_.endpoint;
  sight.port = settings_.port;
  sight.ready = settings_.ready;
  sight.said_ready = said_ready_;
  sight.tree.push_back(pid_);
  for (const ProcessInfo& process : list_processes()) {
    const bool of_it = process.pid != pid_ && process.state != 'Z' &&
                       (descends_from(process.pid, pid_).value_or(false) ||
                        (process.parent == ::getppid() && started_with(process.pid, "FRONTDOOR_LIFE=" + life_marker_)));
    if (of_it) sight.tree.push_back(process.pid);
  }
  sight.sockets = listening_sockets(sight.tree);
  if (!address_.endpoint.is_unix() && !is_nowhere(address_.endpoint)) {
    sight.refused = refuses(address_.endpoint);
    const auto holders = processes_listening_on(address_.endpoint.port());
    for (const pid_t holder : holders)
      if (std::find(sight.tree.begin(), sight.tree.end(), holder) == sight.tree.end() && holder != ::getpid() &&
          holder != ::getppid())
        sight.other_holder = describe_process(holder);
  }
  if (upstream_) sight.last_probe = context_.host.last_failure(*upstream_);
  return diagnose_start(sight);
}

std::string Instance::early_end(const ProcessEnd& end) const {
  const std::string how = end.by_signal ? "ended by " + to_string(end) : "exited " + std::to_string(end.value);
  const bool awaits_word = settings_.ready == Ready::Notify;
  const std::string before = is_nowhere(address_.endpoint) && !awaits_word ? " before it was up"
                             : awaits_word && !said_ready_                ? " before READY=1"
                                                                          : " before listening";
  if (!end.known) return "it ended" + before;
  if (end.by_signal || end.value != 0) return how + before + address_in_use(last_words(), address_.endpoint);
  for (const ProcessInfo& process : list_processes())
    if (process.parent == ::getppid() && process.state != 'Z' && started_with(process.pid, "FRONTDOOR_LIFE=" + life_marker_))
      return how + before + ", and left " + describe_process(process.pid) + " behind: it must stay in the foreground";
  return how + before;
}

}  // namespace frontdoor
