#include "supervisor/launcher/launcher_client.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <limits>
#include <optional>
#include <utility>

#include "base/detached.h"
#include "base/quietly.h"
#include "base/ready_now.h"
#include "base/service_manager.h"

namespace frontdoor {

namespace asio = boost::asio;
using Kind = LauncherMessage::Kind;

namespace {

struct Pipe {
  OwnedFd reading;
  OwnedFd writing;
};

// The child's end blocks, as programs expect; ours does not.
std::optional<Pipe> make_pipe(ProcessOps& ops) {
  int ends[2];
  if (ops.pipe(ends) != 0) return std::nullopt;
  Pipe pipe{OwnedFd(ends[0]), OwnedFd(ends[1])};
  ::fcntl(pipe.reading.get(), F_SETFL, O_NONBLOCK);
  return pipe;
}

}  // namespace

// What is known of a process, and the coroutines that wait for more.
struct LauncherClient::Expected {
  explicit Expected(asio::io_context& control) : changed(control) {
    changed.expires_at(asio::steady_timer::time_point::max());
  }
  asio::steady_timer changed;  // cancelled at each change
  bool answered = false;       // to the launch
  LaunchFailure failure = {};
  pid_t pid = -1;
  OwnedFd pidfd = {};
  std::optional<ProcessEnd> end = {};
};

LauncherClient::LauncherClient(asio::io_context& control, int socket, std::function<void()> launcher_gone)
    : LauncherClient(control, socket, std::move(launcher_gone), kernel_) {}

LauncherClient::LauncherClient(asio::io_context& control, int socket, std::function<void()> launcher_gone,
                               ProcessOps& ops)
    : ops_(ops),
      socket_(control, socket),
      launcher_gone_(std::move(launcher_gone)),
      handed_over_(control),
      turn_(control),
      never_(control) {
  socket_.native_non_blocking(true);
  for (asio::steady_timer* timer : {&handed_over_, &turn_, &never_}) timer->expires_at(asio::steady_timer::time_point::max());
  asio::co_spawn(control, read(), or_end);
}

LauncherClient::~LauncherClient() { *alive_ = false; }

asio::awaitable<LauncherClient::Inheritance> LauncherClient::inherit() {
  if (!all_handed_over_) co_await handed_over_.async_wait(quietly);
  co_return std::move(inheritance_);
}

LauncherClient::Expected& LauncherClient::expect(std::uint64_t id) {
  auto& expected = expected_[id];
  if (!expected)
    expected = std::make_unique<Expected>(static_cast<asio::io_context&>(socket_.get_executor().context()));
  return *expected;
}

asio::awaitable<LauncherClient::LaunchResult> LauncherClient::launch(LaunchRequest request,
                                                                     std::vector<int> sockets) {
  request.id = ++last_id_;
  request.passed_sockets = static_cast<std::uint32_t>(sockets.size());
  auto output = make_pipe(ops_);
  if (!output) co_return LaunchFailure{LaunchStage::Fork, errno};
  auto errors = make_pipe(ops_);
  if (!errors) co_return LaunchFailure{LaunchStage::Fork, errno};
  OwnedFd bytes = to_memory_file(encode(request), ops_);
  if (!bytes.valid()) co_return LaunchFailure{LaunchStage::Fork, errno};

  LauncherMessage message{.kind = Kind::Launch, .id = request.id};
  message.fds.push_back(std::move(bytes));
  message.fds.push_back(std::move(output->writing));
  message.fds.push_back(std::move(errors->writing));
  sockets.insert(sockets.begin(), {output->reading.get(), errors->reading.get()});
  for (const int fd : sockets) {
    message.fds.push_back(duplicate(fd));
    if (!message.fds.back().valid()) co_return LaunchFailure{LaunchStage::Fork, errno};
  }

  Expected& expected = expect(request.id);
  send(std::move(message));
  while (!expected.answered && !gone_) co_await expected.changed.async_wait(quietly);
  if (!expected.answered) expected.failure = {LaunchStage::LauncherGone, EPIPE};
  if (expected.failure.stage != LaunchStage::None) {
    const LaunchFailure failure = expected.failure;
    expected_.erase(request.id);
    co_return failure;
  }
  RunningProcess process{.id = request.id, .pid = expected.pid, .memo = std::move(request.memo)};
  process.pidfd = std::move(expected.pidfd);
  process.output = std::move(output->reading);
  process.errors = std::move(errors->reading);
  co_return process;
}

asio::awaitable<void> LauncherClient::gone(RunningProcess& process) {
  if (process.pidfd.valid()) {
    try {
      asio::posix::stream_descriptor pidfd(socket_.get_executor(), process.pidfd.get());
      process.pidfd.release();
      for (;;) {
        auto [error] = co_await pidfd.async_wait(pidfd.wait_read, quietly);
        // A process that lives and is taken for dead is waited for without end: its end is never told.
        if (error || ready_now(pidfd.native_handle(), POLLIN)) co_return;
      }
    } catch (const boost::system::system_error&) {
      // The kernel gives no more watches. The launcher tells a moment later.
    }
  }
  Expected& expected = expect(process.id);
  while (!expected.end && !gone_) co_await expected.changed.async_wait(quietly);
}

asio::awaitable<ProcessEnd> LauncherClient::ended(std::uint64_t id) {
  Expected& expected = expect(id);
  while (!expected.end && !gone_) co_await expected.changed.async_wait(quietly);
  const ProcessEnd end = expected.end.value_or(ProcessEnd{.known = false});
  expected_.erase(id);
  send({.kind = Kind::Forget, .id = id});
  co_return end;
}

bool LauncherClient::keep(const std::string& name, const std::vector<int>& fds) {
  LauncherMessage message{.kind = Kind::Keep, .name = name};
  if (yielded_ || put_at_once(message, fds)) return true;
  for (const int fd : fds) {
    message.fds.push_back(duplicate(fd));
    if (!message.fds.back().valid()) return false;
  }
  send(std::move(message));
  return true;
}

// Usually nothing is in front of it: then it takes no descriptors to send some, and at a limit of them none is lost.
bool LauncherClient::put_at_once(LauncherMessage& message, const std::vector<int>& lent) {
  if (reclaimed_ || !unsent_.empty()) return false;
  for (const int fd : lent) message.fds.emplace_back(fd);
  const Sent sent = send_message(socket_.native_handle(), message, ops_);
  for (OwnedFd& fd : message.fds) fd.release();
  message.fds.clear();
  return sent == Sent::Ok || sent == Sent::NobodyThere;
}

void LauncherClient::drop(const std::string& name) { send({.kind = Kind::Drop, .name = name}); }

void LauncherClient::notify(const std::string& lines) {
  if (!yielded_ || lines == kAlive) put({.kind = Kind::Notify, .name = lines});
}

void LauncherClient::stop_within(std::chrono::milliseconds all, std::chrono::milliseconds instances) {
  const auto count = [](std::chrono::milliseconds time) {
    return static_cast<std::int32_t>(std::clamp<std::int64_t>(time.count(), 0, std::numeric_limits<std::int32_t>::max()));
  };
  send({.kind = Kind::StopWithin, .code = count(all), .status = count(instances)});
}

void LauncherClient::stopping() { send({.kind = Kind::Stopping}); }

void LauncherClient::upgrade(const std::string& program, std::chrono::milliseconds within) {
  send({.kind = Kind::Upgrade, .code = static_cast<std::int32_t>(within.count()), .name = program});
}

// The last word that counts: what is asked for behind it is not sent.
void LauncherClient::yield() {
  send({.kind = Kind::Yielded});
  yielded_ = true;
}

asio::awaitable<void> LauncherClient::still_ours() {
  if (yielded_) co_await never_.async_wait(quietly);
}

void LauncherClient::prepared() { send({.kind = Kind::Prepared}); }

asio::awaitable<void> LauncherClient::turn() {
  if (!has_turn_ && !gone_) co_await turn_.async_wait(quietly);
}

void LauncherClient::ready(const std::string& version) { send({.kind = Kind::Ready, .name = version}); }

asio::awaitable<void> LauncherClient::read() {
  const auto alive = alive_;
  for (;;) {
    auto [error] = co_await socket_.async_wait(socket_.wait_read, quietly);
    if (!*alive || error) co_return;
    for (;;) {
      Received received = receive_message(socket_.native_handle());
      if (received.empty) break;
      if (received.closed) {
        launcher_has_gone();
        co_return;
      }
      if (received.message) take(std::move(*received.message));
      if (reclaimed_) co_return;
    }
  }
}

// No answer and no end will be told any more. The front door itself has to go now.
void LauncherClient::launcher_has_gone() {
  gone_ = true;
  for (auto& [id, expected] : expected_) expected->changed.cancel();
  handed_over_.cancel();
  turn_.cancel();
  launcher_gone_();
}

void LauncherClient::take(LauncherMessage message) {
  last_id_ = std::max(last_id_, message.id);  // an inherited one's number is not given again
  switch (message.kind) {
    case Kind::Launched:
    case Kind::LaunchFailed: {
      Expected& expected = expect(message.id);
      expected.answered = true;
      expected.pid = message.pid;
      if (!message.fds.empty()) expected.pidfd = std::move(message.fds.front());
      if (message.kind == Kind::LaunchFailed)
        expected.failure = {static_cast<LaunchStage>(message.code), message.status};
      expected.changed.cancel();
      return;
    }
    case Kind::Exited: {
      Expected& expected = expect(message.id);
      expected.end = ProcessEnd{message.code != CLD_EXITED, message.status, message.code == CLD_DUMPED};
      expected.changed.cancel();
      return;
    }
    case Kind::Running: {
      message.fds.resize(4);
      RunningProcess process{.id = message.id, .pid = message.pid};
      process.memo = from_memory_file(message.fds[0].get(), kLongestLaunchRequest).value_or("");
      process.pidfd = std::move(message.fds[1]);
      process.output = std::move(message.fds[2]);
      process.errors = std::move(message.fds[3]);
      inheritance_.processes.push_back(std::move(process));
      return;
    }
    case Kind::Kept:
      inheritance_.kept[message.name] = std::move(message.fds);
      return;
    case Kind::HandedOver:
      all_handed_over_ = true;
      handed_over_.cancel();
      return;
    case Kind::Go:
      has_turn_ = true;
      turn_.cancel();
      return;
    case Kind::Reclaim:
      reclaimed_ = true;
      return upgrade_told_(message);
    case Kind::Yield:
    case Kind::Drop:
    case Kind::Leave:
    case Kind::UpgradeFailed:
      return upgrade_told_(message);
    default:
      return;
  }
}

void LauncherClient::send(LauncherMessage message) {
  if (!yielded_) put(std::move(message));
}

void LauncherClient::put(LauncherMessage message) {
  if (reclaimed_ || (message.kind == Kind::Notify && in_place_of_one_that_waits(message))) return;
  unsent_.push_back(std::move(message));
  if (!std::exchange(flushing_, true)) asio::co_spawn(socket_.get_executor(), flush(), or_end);
}

// A launcher that is stopped takes none of them: of those that say the same of another moment the last one is enough.
bool LauncherClient::in_place_of_one_that_waits(const LauncherMessage& notice) {
  const ManagerNotice kind = kind_of_notice(notice.name);
  if (kind == ManagerNotice::Change) return false;
  for (auto waiting = unsent_.rbegin(); waiting != unsent_.rend(); ++waiting) {
    if (waiting->kind != Kind::Notify) continue;
    const ManagerNotice other = kind_of_notice(waiting->name);
    if (other == ManagerNotice::Change) return false;
    if (other != kind) continue;
    waiting->name = notice.name;
    return true;
  }
  return false;
}

// As whoever has asked for the launch will ask again, and says why it could not be.
void LauncherClient::answer_unsent(const LauncherMessage& launch, int error) {
  Expected& expected = expect(launch.id);
  expected.answered = true;
  expected.failure = {LaunchStage::Fork, error};
  expected.changed.cancel();
}

// What the kernel does not take goes on being tried, but for a launch: a launcher that did not hear it would keep what it need
// not, and a service manager would wait for what it has not been told.
asio::awaitable<void> LauncherClient::flush() {
  const auto alive = alive_;
  while (*alive && !unsent_.empty()) {
    const Sent sent = send_message(socket_.native_handle(), unsent_.front(), ops_);
    const int reason = errno;
    const bool is_launch = unsent_.front().kind == Kind::Launch;
    if (sent == Sent::WouldBlock) {
      auto [error] = co_await socket_.async_wait(socket_.wait_write, quietly);
      if (error) co_return;
      continue;
    }
    if (sent == Sent::TryAgain && !is_launch) {
      asio::steady_timer pause(socket_.get_executor(), kTrySendingAgain);
      co_await pause.async_wait(quietly);
      continue;
    }
    if (sent == Sent::TryAgain) answer_unsent(unsent_.front(), reason);  // that nobody is there the end of the socket says
    unsent_.pop_front();
  }
  if (*alive) flushing_ = false;
}

}  // namespace frontdoor
