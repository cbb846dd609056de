// One process of this program takes another one's place (docs/adr/0035): what the one that serves does until it is
// dismissed, and what the one that comes does until it serves. With instances the launcher stands between the two and
// starts the new one; without, the old one does.

#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

#include "base/detached.h"
#include "base/quietly.h"
#include "base/ready_now.h"
#include "config/units.h"
#include "proxy/server/kept_listeners.h"
#include "service/process/drain.h"
#include "service/process/exit_codes.h"
#include "service/process/main_process.h"
#include "service/process/predecessors.h"
#include "service/process/successor.h"
#include "service/process/version.h"
#include "service/serving/service.h"
#include "supervisor/launcher/last_words.h"
#include "supervisor/launcher/launcher.h"
#include "supervisor/launcher/launcher_message.h"
#include "supervisor/launcher/process_ops.h"
#include "supervisor/launcher/successor_end.h"

namespace frontdoor {

namespace {

namespace asio = boost::asio;
using Message = LauncherMessage;

constexpr Millis kUpgradePoll{10};
constexpr std::size_t kMostErrors = 100;  // of a start
constexpr Millis kVerdicts{1'000};
constexpr Millis kAnswered{500};  // for those who ask over the admin socket how it went
constexpr Millis kForItsEnd{5'000};  // one that was killed may be held by the kernel, in a disk that does not answer
constexpr Millis kLookAtIt{100};
constexpr Millis kWord{1'000};    // until the old one has told the service manager who its main process is

std::string own_version() {
  const std::string built_from = commit();
  return version_number() + (built_from.empty() ? "" : " (" + built_from + ")");
}

// "… (exit status 78): fd.toml:3:1: …", in the place of where to look for it.
std::string with_its_words(std::string reason, const std::string& said) {
  if (const auto where = reason.find(": what it has written"); where != reason.npos) reason.erase(where);
  return reason + ": " + said;
}

ProcessEnd end_of(int status) {
  return WIFSIGNALED(status) ? ProcessEnd{.by_signal = true, .value = WTERMSIG(status)}
                             : ProcessEnd{.by_signal = false, .value = WEXITSTATUS(status)};
}

// Of one that has hung up or was killed. The control thread has others to serve meanwhile.
asio::awaitable<std::string> wait_for_its_end(pid_t pid) {
  asio::steady_timer pause(co_await asio::this_coro::executor);
  const TimePoint latest = Clock::now() + kForItsEnd;
  for (;;) {
    int status = 0;
    const pid_t ended = ::waitpid(pid, &status, WNOHANG);
    if (ended == pid) co_return why_successor_ended(end_of(status));
    if (ended < 0) co_return "the new one is gone";
    if (Clock::now() >= latest) co_return "the new one was killed and does not end: the kernel holds it";
    pause.expires_after(kUpgradePoll);
    co_await pause.async_wait(quietly);
  }
}

// A socket that is another's, watched for as long as this is held. It is not duplicated: at a limit of descriptors there would be
// none for that, and the upgrade over.
using Borrowed = std::shared_ptr<asio::posix::stream_descriptor>;
Borrowed borrow(asio::io_context& control, int socket) {
  const auto give_back = [](asio::posix::stream_descriptor* borrowed) {
    borrowed->release();
    delete borrowed;
  };
  Borrowed borrowed(new asio::posix::stream_descriptor(control, socket), give_back);
  borrowed->native_non_blocking(true);
  return borrowed;
}

// The other front door may be busy, and the socket full: of a few hundred listeners that the new one does not have, for
// instance. Nor may the kernel have anything left to send it with.
asio::awaitable<void> say_to(Borrowed socket, Message message) {
  asio::steady_timer pause(co_await asio::this_coro::executor);
  for (;;) {
    switch (send_message(socket->native_handle(), message)) {
      case Sent::Ok:
      case Sent::NobodyThere: co_return;
      case Sent::TryAgain:
        pause.expires_after(kTrySendingAgain);
        co_await pause.async_wait(quietly);
        continue;
      case Sent::WouldBlock: break;
    }
    auto [error] = co_await socket->async_wait(socket->wait_write, quietly);
    if (error) co_return;
  }
}

// As long as anybody has it as standard error.
asio::awaitable<void> pass_on(std::shared_ptr<LastWords> words, Borrowed pipe) {
  while (words->hear()) {
    auto [error] = co_await pipe->async_wait(pipe->wait_read, quietly);
    if (error) co_return;
  }
}

// Shared with a timer whose turn may have come already when it is cancelled.
struct Bound {
  bool over = false;  // it has served, or has ended
  bool late = false;  // it was killed
};

}  // namespace

// ---- The one that serves

AdminUpgrade Service::why_not_upgrade() const {
  AdminUpgrade refused;
  const auto because = [&](const char* error, const char* message) {
    refused.error = error;
    refused.message = message;
    return refused;
  };
  if (draining_) return because("draining", "this frontdoor is stopping");
  if (upgrade_.under_way || !took_over_) return because("under_way", "an upgrade is under way, or the start is");
  if (program_.empty()) return because("unknown_program", "it is not known where this program is");
  if (supervision_ && program_.size() > kLongestName)
    return because("unknown_program", "the path of this program is longer than 255 bytes, which the launcher does not take");
  if (::getpid() == 1) return because("pid_1", "this process is PID 1, which can not leave: replace its container");
  if (supervision_) return refused;
  const MainProcess main{::getpid(), std::getenv("SYSTEMD_EXEC_PID"), !given_.notify_socket.empty(),
                         before_.socket ? "" : name_of_parent()};
  const std::string reason = why_it_cannot_leave(main);
  if (!reason.empty()) return because("main_process", reason.c_str());
  if (predecessors_.draining() >= kMostDraining) return because("too_many", "too many of before are still draining");
  return refused;
}

asio::awaitable<AdminUpgrade> Service::upgrade(std::string by, Millis within) {
  AdminUpgrade refused = why_not_upgrade();
  if (!refused.error.empty()) {
    log_.warn("no upgrade", {{"reason", refused.message}, {"by", by}});
    co_return refused;
  }
  log_.info("operator", {{"action", "upgrade"}, {"by", by}});
  begin_upgrade(within);
  asio::steady_timer pause(control_);
  while (!upgrade_.result) {
    pause.expires_after(kUpgradePoll);
    co_await pause.async_wait(quietly);
  }
  co_return *upgrade_.result;
}

void Service::upgrade_by_signal() {
  const AdminUpgrade refused = why_not_upgrade();
  if (!refused.error.empty()) return log_.warn("no upgrade", {{"reason", refused.message}});
  begin_upgrade(kUpgradeTime);
}

// What operators change from now on would be lost with this process.
void Service::begin_upgrade(Millis within) {
  upgrade_ = {.under_way = true};
  ++upgrades_;
  if (admin_) admin_->refuse_changes("an upgrade is under way");
  notices_.reloading();
  log_.info("upgrade", {{"program", program_}});
  if (supervision_) {
    supervision_->on_upgrade([this](const Message& message) { upgrade_message(message); });
    return supervision_->upgrade(program_, within);
  }
  asio::co_spawn(control_, run_successor(within), [this](std::exception_ptr failure) {
    OrTell(log_, "the upgrade")(failure);
    if (failure) upgrade_failed("this process could not see to it");
  });
}

void Service::upgrade_message(const Message& message) {
  switch (message.kind) {
    case Message::Kind::Yield:
      asio::co_spawn(control_, yield_at_rest(upgrades_), OrTell(log_, "the upgrade"));
      return;
    case Message::Kind::Drop:
      upgrade_.not_taken.push_back(message.name);
      return;
    case Message::Kind::Leave: return leave(message.name, message.pid);
    case Message::Kind::UpgradeFailed: return upgrade_failed(message.name);
    case Message::Kind::Reclaim: return take_back(message.name);
    default: return;
  }
}

// Not in the middle of a rollout: the next one to have the instances would have to guess what was meant. Nor before the disk has
// what operators have ordered. `upgrade`: the one that has asked; another one may have begun when this one looks again.
asio::awaitable<void> Service::yield_at_rest(unsigned upgrade) {
  asio::steady_timer pause(control_);
  while ((supervision_->changing() || steering_.writes()) && upgrade_.under_way && upgrade == upgrades_ && !draining_) {
    pause.expires_after(kUpgradePoll);
    co_await pause.async_wait(quietly);
  }
  if (!upgrade_.under_way || upgrade != upgrades_ || draining_ || supervision_->yielded()) co_return;
  supervision_->yield();
  watch_health();
}

void Service::upgrade_failed(const std::string& reason) {
  if (!upgrade_.result) log_.error("upgrade failed, this process serves on", {{"program", program_}, {"reason", reason}});
  upgrade_.result = AdminUpgrade{.error = "failed", .message = reason, .pid = ::getpid()};
  if (supervision_ && supervision_->yielded()) return;  // until the launcher has given the instances back
  upgrade_.under_way = false;
  if (admin_) admin_->refuse_changes("");
  if (draining_) return;
  notices_.reloaded(status_line(census()));
  if (std::exchange(upgrade_.reload_later, false)) reload_as_told();
}

// The new one has ended with the instances, before it served. They are taken as after a crash.
void Service::take_back(const std::string& reason) {
  make_supervision();
  supervision_->keep_listeners(to_keep());
  run_instances();
  watch_health();
  if (draining_) supervision_->stopping();
  if (ready_file_.written()) write_ready_file();  // it may be the other's
  upgrade_failed(reason);
}

// A new process serves. Here only what has begun is finished.
void Service::leave(const std::string& version, pid_t to) {
  if (left_) return;
  const bool stops_already = draining_;
  if (!upgrade_.result)
    upgrade_.result = AdminUpgrade{.version = version, .pid = to, .drain = snapshot_->config.timeouts.drain};
  draining_ = left_ = true;
  notices_.be_silent();
  start_workers();
  ready_file_.remove();
  config_watch_.stop();
  if (upgrade_.reload_later && to > 0) ::kill(to, SIGHUP);
  log_.info("upgraded: a new process serves, this one finishes what it has begun",
            {{"version", version},
             {"connections", server_.open_connections()},
             {"drain", config::format_duration(snapshot_->config.timeouts.drain)}});
  if (!stops_already) asio::co_spawn(control_, leave_after_drain(), or_end);
}

asio::awaitable<void> Service::leave_after_drain() {
  std::vector<ListenerId> ending;
  const auto names = server_.kept_names();
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto is_it = [&](const std::string& name) { return listener_of_kept(name) == names[i]; };
    const bool dropped = std::any_of(upgrade_.not_taken.begin(), upgrade_.not_taken.end(), is_it);
    if (dropped) ending.push_back(server_.listeners()[i].id);
  }
  if (admin_) admin_->leave(upgrade_.not_taken);
  asio::steady_timer answered(control_, kAnswered);
  answered.async_wait([this](boost::system::error_code cancelled) {
    if (!cancelled && admin_) admin_->end_connections();
  });
  co_await drain_beside(server_, log_, snapshot_->config.timeouts, std::move(ending));
  co_await answered.async_wait(quietly);
  if (admin_) co_await admin_->tell_the_rest();
  finish();
}

// ---- Without a launcher

asio::awaitable<void> Service::run_successor(Millis within) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    upgrade_failed(std::strerror(errno));
    co_return;
  }
  const OwnedFd ours(ends[0]);
  OwnedFd theirs(ends[1]);
  const Borrowed socket = borrow(control_, ours.get());
  const bool from_memory = options_.config_file == "-";
  OwnedFd input = from_memory ? to_memory_file(options_.config_text) : OwnedFd();
  if (from_memory && !input.valid()) {  // it would find nothing where this one has read its config
    upgrade_failed(std::strerror(errno));
    co_return;
  }
  if (input.valid()) ::lseek(input.get(), 0, SEEK_SET);
  predecessors_.draining();
  const auto words = std::make_shared<LastWords>();
  ProcessOps kernel;
  words->open(kernel);  // else it is not heard
  const SuccessorStart start{program_,    options_.command_line, given_,
                             to_keep(),   theirs.get(),          input.get(),
                             options_.output_file, predecessors_.to_text(read_process(::getpid()).value_or(ProcessInfo{})),
                             words.get()};
  const bool executable = ::access(program_.c_str(), X_OK) == 0;
  const pid_t pid = executable ? start_successor(start) : -1;
  if (pid < 0) {
    upgrade_failed(program_ + ": " + std::strerror(errno));
    co_return;
  }
  words->started();
  if (words->fd() >= 0) asio::co_spawn(control_, pass_on(words, borrow(control_, words->fd())), OrTell(log_, "the upgrade"));
  OnTrial trial(pid);  // ends before the socket does
  theirs = {};
  upgrade_.successor = pid;
  const auto bound = std::make_shared<Bound>();
  asio::steady_timer over(control_, within);
  over.async_wait([bound, pid](boost::system::error_code cancelled) {
    if (cancelled || bound->over) return;
    bound->late = true;
    ::kill(pid, SIGKILL);
  });
  bool served = false;
  std::string said;  // why it can not
  for (;;) {
    auto [error] = co_await socket->async_wait(socket->wait_read, quietly);
    const Received received = receive_message(ours.get());
    if (error || received.closed) break;
    if (!received.message) continue;
    if (received.message->kind == Message::Kind::Prepared) {
      asio::steady_timer pause(control_);
      while (steering_.writes() && !bound->late) {  // it reads what operators have ordered when it goes
        pause.expires_after(kUpgradePoll);
        co_await pause.async_wait(quietly);
      }
      Message go{.kind = Message::Kind::Go};
      co_await say_to(socket, std::move(go));
    }
    if (received.message->kind == Message::Kind::UpgradeFailed) said = received.message->name;
    if (received.message->kind == Message::Kind::Drop) upgrade_.not_taken.push_back(received.message->name);
    if (received.message->kind != Message::Kind::Ready || bound->late) continue;  // said before it was killed
    served = bound->over = true;
    trial.is_over();
    over.cancel();
    notices_.succeeded_by(pid);
    Message leave_word{.kind = Message::Kind::Leave};
    co_await say_to(socket, std::move(leave_word));
    leave(received.message->name, pid);
    break;
  }
  over.cancel();
  if (served) {
    co_await watch_successor(pid);
    co_return;
  }
  const bool late = bound->late;
  bound->over = true;
  ::kill(pid, SIGKILL);  // it has hung up, and is of no use any more
  trial.is_over();       // nobody is killed by that number when it has been waited for
  std::string reason = co_await wait_for_its_end(pid);
  words->hear();
  if (late) reason = "the new one did not serve in time";
  if (said.empty()) said = words->text();
  if (!said.empty()) reason = with_its_words(reason, said);
  upgrade_.successor = -1;
  upgrade_failed(reason);
}

// While this one drains. When nobody serves, its sockets must not keep clients waiting, and whoever looks after this service has
// to hear that it has failed. One that ends in order has been stopped, or has a successor of its own.
asio::awaitable<void> Service::watch_successor(pid_t pid) {
  asio::steady_timer pause(control_);
  int status = 0;
  for (pid_t ended = 0; ended == 0; ended = ::waitpid(pid, &status, WNOHANG)) {
    pause.expires_after(kLookAtIt);
    co_await pause.async_wait(quietly);
  }
  if (status == 0) co_return;
  log_.error("the new process has crashed and nobody serves: this one ends at once",
             {{"pid", static_cast<std::int64_t>(pid)}, {"connections", server_.open_connections()}});
  exit_status_ = kExitFailure;
  finish();
}

// ---- The one that comes

// To whoever serves on, and tells it to the operator: the first of what has just been logged.
void Service::say_why_not() const {
  const auto errors = events_.last(kMostErrors, {LogLevel::Error, ""});
  if (!before_.socket || errors.empty()) return;
  const std::string reason(errors.front()->field("reason"));
  send_last_word(*before_.socket,
                 {.kind = Message::Kind::UpgradeFailed, .name = errors.front()->text + (reason.empty() ? "" : ": " + reason)});
}

// It listens already, with sockets that it shares with the one that serves, and takes nobody from them before it is told.
asio::awaitable<void> Service::await_turn() {
  asio::steady_timer pause(control_);
  const TimePoint latest = Clock::now() + kVerdicts;
  while (!every_upstream_judged() && Clock::now() < latest) {
    pause.expires_after(kUpgradePoll);
    co_await pause.async_wait(quietly);
  }
  if (supervision_) {
    supervision_->prepared();
    co_await supervision_->turn();
    ::prctl(PR_SET_PDEATHSIG, 0);  // the launcher's end is an end in order from now on
  } else {
    co_await await_word();
  }
  if (control_.stopped()) co_return;
  take_orders();
  begin_serving();
}

// Of the old front door; when it has ended instead, whoever waits is served all the same.
asio::awaitable<void> Service::await_word() {
  const Borrowed socket = borrow(control_, *before_.socket);
  Message prepared{.kind = Message::Kind::Prepared};
  co_await say_to(socket, std::move(prepared));
  for (;;) {
    auto [error] = co_await socket->async_wait(socket->wait_read, quietly);
    const Received received = receive_message(*before_.socket);
    if (error || received.closed) co_return;
    if (received.message && received.message->kind == Message::Kind::Go) co_return;
  }
}

// From here on the other one may leave.
asio::awaitable<void> Service::tell_that_it_serves() {
  if (options_.launcher) {
    supervision_->ready(own_version());
    co_return;
  }
  const Borrowed socket = borrow(control_, *before_.socket);
  const auto kept = to_keep();
  for (const KeptSocket& before : before_.kept) {
    const bool taken = std::any_of(kept.begin(), kept.end(), [&](const KeptSocket& own) { return own.name == before.name; });
    if (taken) continue;
    Message drop{.kind = Message::Kind::Drop, .name = before.name};
    co_await say_to(socket, std::move(drop));
  }
  Message ready{.kind = Message::Kind::Ready, .name = own_version()};
  co_await say_to(socket, std::move(ready));
  // The service manager believes nobody but the main process: the old one says who that is now.
  const auto late = std::make_shared<bool>(false);  // it may be between two waits when its time is over
  asio::steady_timer patience(control_, kWord);
  patience.async_wait([socket, late](boost::system::error_code cancelled) {
    if (cancelled) return;
    *late = true;
    socket->cancel();
  });
  while (!*late) {
    auto [error] = co_await socket->async_wait(socket->wait_read, quietly);
    if (error || ready_now(socket->native_handle(), POLLIN)) break;
  }
  patience.cancel();
}

}  // namespace frontdoor
