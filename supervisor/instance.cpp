#include "supervisor/instance.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <csignal>
#include <cstring>
#include <utility>

#include "config/process_values.h"
#include "supervisor/process_tree.h"

extern char** environ;

namespace frontdoor {

namespace asio = boost::asio;

namespace {

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
constexpr Millis kLook{10};           // at something that is awaited and does not call
constexpr Millis kAfterCrash{1'000};  // for what a crashed process has left to end by itself
constexpr std::size_t kLastWords = 5;

std::int64_t unix_millis() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<Millis>(since).count();
}

std::string random_marker() {
  std::random_device random;
  std::array<char, 32> text;
  const int size = std::snprintf(text.data(), text.size(), "%08x%08x", random(), random());
  return std::string(text.data(), static_cast<std::size_t>(size));
}

// The later one wins, as in a shell; ours come last.
void set_variable(std::vector<std::string>& environment, const std::string& name, const std::string& value) {
  std::erase_if(environment, [&](const std::string& variable) { return variable.starts_with(name + '='); });
  environment.push_back(name + '=' + value);
}

std::string why(const LaunchRequest& request, const LaunchFailure& failure) {
  const std::string reason = std::strerror(failure.error);
  switch (failure.stage) {
    case LaunchStage::Exec:
      if (failure.error == ENOENT) return "command not found: " + request.command.front();
      if (failure.error == EACCES) return "not executable: " + request.command.front();
      return request.command.front() + ": " + reason;
    case LaunchStage::Directory:
      return "directory " + request.directory + ": " + reason;
    case LaunchStage::Identity:
      return "cannot become the user: " + reason;
    case LaunchStage::Limits:
      return "cannot set a resource limit: " + reason;
    case LaunchStage::Fork:
      return "no process can be started: " + reason;
    case LaunchStage::Protocol:
      return "the launcher did not understand the request";
    case LaunchStage::None:
      break;
  }
  return "not started";
}

}  // namespace

const char* to_string(InstanceState state) {
  switch (state) {
    case InstanceState::Starting:
      return "starting";
    case InstanceState::Up:
      return "up";
    case InstanceState::Pausing:
      return "pausing";
    case InstanceState::CrashLoop:
      return "crash loop";
    case InstanceState::Stopping:
      return "stopping";
    case InstanceState::Ended:
      return "ended";
  }
  return "";
}

Instance::Instance(InstanceContext& context, std::shared_ptr<StartGate> gate, InstanceAddress address,
                   unsigned number, config::Process settings)
    : context_(context),
      gate_(std::move(gate)),
      address_(std::move(address)),
      number_(number),
      settings_(std::move(settings)),
      policy_(settings_.restart),
      random_(std::random_device{}()),
      changed_(context.control, asio::steady_timer::time_point::max()) {}

std::string Instance::memo_of(const InstanceAddress& address, unsigned number,
                              const config::Process& settings) {
  std::string memo =
      address.pool + '\n' + std::to_string(number) + '\n' + std::to_string(address.endpoint.port()) + '\n';
  for (const std::string& word : settings.command) memo += word + '\0';
  memo += settings.directory + '\0';
  for (const auto& [name, value] : settings.env) memo += name + '=' + value + '\0';
  return memo;
}

void Instance::start(std::optional<RunningProcess> running) {
  asio::co_spawn(context_.control, run(shared_from_this(), std::move(running)), [](std::exception_ptr bug) {
    if (bug) std::rethrow_exception(bug);
  });
}

asio::awaitable<bool> Instance::proved() {
  const auto self = shared_from_this();
  while (state_ != InstanceState::Up && state_ != InstanceState::Ended && !failed_once_)
    co_await changed_.async_wait(quietly);
  co_return state_ == InstanceState::Up;
}

asio::awaitable<void> Instance::stop() {
  const auto self = shared_from_this();
  const bool asked_before = std::exchange(stopping_, true);
  changed_.cancel();
  if (alive_ && !asked_before) co_await terminate(self, life_);  // one signal, however many ask
  while (state_ != InstanceState::Ended) co_await changed_.async_wait(quietly);
}

// ---- Its lives

asio::awaitable<void> Instance::run([[maybe_unused]] std::shared_ptr<Instance> self,
                                    std::optional<RunningProcess> running) {
  while (!stopping_ && !given_up_) {
    if (!running) running = co_await launch();
    if (running) {
      const ProcessEnd end = co_await live(std::move(*running));
      running.reset();
      const Duration lived = was_up_ ? Clock::now() - up_since_ : Duration{};
      const RestartDecision decision =
          policy_.ended(end, lived, std::generate_canonical<double, 10>(random_));
      ended(end, decision);
      if (decision.what == RestartDecision::What::Stay) break;
      co_await pause(decision.pause);
    }
  }
  move(InstanceState::Ended);
}

// Nothing: it could not be started, and a pause has passed.
asio::awaitable<std::optional<RunningProcess>> Instance::launch() {
  starting_ = co_await gate_->enter();
  if (stopping_) co_return std::nullopt;
  LaunchRequest what = request();
  std::vector<int> sockets;
  auto launched = co_await context_.launcher.launch(what, std::move(sockets));
  if (launched) co_return std::move(*launched);
  starting_ = {};
  const RestartDecision decision = policy_.failed_to_start(std::generate_canonical<double, 10>(random_));
  context_.log.error("instance cannot be started",
                     {{"pool", address_.pool},
                      {"instance", address_.instance},
                      {"reason", why(what, launched.error())},
                      {"next_ms", std::chrono::duration_cast<Millis>(decision.pause).count()}});
  failed_once_ = true;
  if (decision.what == RestartDecision::What::Stay)
    given_up_ = true;
  else
    co_await pause(decision.pause);
  co_return std::nullopt;
}

// What the caller's environment, the config and this instance's place have to say, in this order.
LaunchRequest Instance::request() {
  LaunchRequest what;
  what.command = settings_.command;
  what.directory = settings_.directory;
  for (char** variable = environ; *variable; ++variable) what.environment.emplace_back(*variable);
  for (const auto& [name, value] : settings_.env) set_variable(what.environment, name, value);
  life_marker_ = random_marker();
  set_variable(what.environment, "PORT", std::to_string(address_.endpoint.port()));
  set_variable(what.environment, "FRONTDOOR_INSTANCE", address_.instance);
  set_variable(what.environment, "FRONTDOOR_LIFE", life_marker_);
  set_variable(what.environment, "NODE_APP_INSTANCE", std::to_string(number_ - 1));  // as pm2 counts
  if (settings_.kill_mode == config::Process::KillMode::Process)
    set_variable(what.environment, "FRONTDOOR_KILL_MODE", "process");
  what.parent_death_signal = config::parse_signal(settings_.stop_signal).value_or(SIGTERM);
  what.memo = memo_of(address_, number_, settings_) + '\n' + life_marker_;
  return what;
}

// From its start to its end, and until nothing is left of what it has started.
asio::awaitable<ProcessEnd> Instance::live(RunningProcess process) {
  const auto self = shared_from_this();
  begin(process);
  const auto open_pipes = std::make_shared<int>(2);
  asio::co_spawn(context_.control, follow(self, std::move(process.output), OutputStream::Output, open_pipes),
                 asio::detached);
  asio::co_spawn(context_.control, follow(self, std::move(process.errors), OutputStream::Errors, open_pipes),
                 asio::detached);
  asio::co_spawn(context_.control, watch_start(self, life_), asio::detached);

  asio::posix::stream_descriptor gone(context_.control, process.pidfd.release());
  co_await gone.async_wait(gone.wait_read, quietly);
  alive_ = false;
  starting_ = {};
  if (const auto upstream = context_.host.upstream_of(address_)) {
    upstream->set_starting(false);
    context_.host.evict(upstream, "its process has ended");
  }
  const ProcessEnd end = co_await context_.launcher.ended(process.id);
  if (!stopping_) co_await clear_tree(kAfterCrash);
  // What it wrote last is still in the pipes. They close with the last process that holds them.
  asio::steady_timer pause(context_.control);
  for (int look = 0; *open_pipes > 0 && look < 10; ++look) {
    pause.expires_after(kLook);
    co_await pause.async_wait(quietly);
  }
  pid_ = -1;
  co_return end;
}

void Instance::begin(const RunningProcess& process) {
  ++life_;
  ++starts_;
  alive_ = true;
  was_up_ = false;
  before_life_ = recent_.last_number();
  pid_ = process.pid;
  // An inherited one brings the marker that its children were started with.
  if (const auto line = process.memo.rfind('\n'); line != std::string::npos)
    life_marker_ = process.memo.substr(line + 1);
  move(InstanceState::Starting);
  if (const auto upstream = context_.host.upstream_of(address_)) {
    upstream->judge_anew(Clock::now());
    upstream->set_starting(true);
    context_.host.probe_now(*upstream);
  }
  context_.log.info("instance started", {{"pool", address_.pool},
                                         {"instance", address_.instance},
                                         {"pid", pid_},
                                         {"address", address_.endpoint.to_string()}});
}

asio::awaitable<void> Instance::watch_start(std::shared_ptr<Instance> self, std::uint64_t life) {
  asio::steady_timer pause(context_.control);
  const TimePoint latest = Clock::now() + settings_.start_timeout;
  while (alive_ && life_ == life) {
    const auto upstream = context_.host.upstream_of(address_);
    if (upstream && upstream->available()) co_return came_up();
    if (Clock::now() >= latest) {
      context_.log.error("instance is not ready in time",
                         {{"pool", address_.pool},
                          {"instance", address_.instance},
                          {"pid", pid_},
                          {"start_timeout_ms", settings_.start_timeout.count()}});
      co_await terminate(self, life);
      co_return;
    }
    pause.expires_after(kLook);
    co_await pause.async_wait(quietly);
  }
}

void Instance::came_up() {
  starting_ = {};
  up_since_ = Clock::now();
  was_up_ = true;
  if (const auto upstream = context_.host.upstream_of(address_)) upstream->set_starting(false);
  context_.log.info("instance up", {{"pool", address_.pool}, {"instance", address_.instance}, {"pid", pid_}});
  if (!stopping_) move(InstanceState::Up);
}

void Instance::ended(const ProcessEnd& end, const RestartDecision& decision) {
  if (!was_up_) failed_once_ = true;
  if (stopping_) {
    context_.log.info("instance stopped",
                      {{"pool", address_.pool}, {"instance", address_.instance}, {"end", to_string(end)}});
    return;
  }
  std::string words;
  for (const std::string& line : recent_.last_words(kLastWords, before_life_))
    words += (words.empty() ? "" : "\n") + line;
  const bool again = decision.what == RestartDecision::What::StartAgain;
  const Log::Fields fields = {
      {"pool", address_.pool},
      {"instance", address_.instance},
      {"end", to_string(end)},
      {"lives", static_cast<std::uint64_t>(starts_)},
      {"next_ms", again ? std::chrono::duration_cast<Millis>(decision.pause).count() : -1},
      {"last_words", words}};
  if (decision.crash_loop) {
    context_.log.error("instance is in a crash loop", fields);
    move(InstanceState::CrashLoop);
  } else {
    context_.log.warn("instance ended", fields);
    if (again) move(InstanceState::Pausing);
  }
}

asio::awaitable<void> Instance::pause(Duration duration) {
  asio::steady_timer timer(context_.control);
  const TimePoint until = Clock::now() + duration;
  while (!stopping_ && Clock::now() < until) {
    timer.expires_after(std::min<Duration>(until - Clock::now(), Millis{50}));
    co_await timer.async_wait(quietly);
  }
}

void Instance::move(InstanceState state) {
  state_ = state;
  changed_.cancel();
}

// ---- Its end

// First what was asked for, by the signal that was agreed; then, when its time is up, by force.
asio::awaitable<void> Instance::terminate([[maybe_unused]] std::shared_ptr<Instance> self,
                                          std::uint64_t life) {
  if (stopping_) move(InstanceState::Stopping);
  const int signal = config::parse_signal(settings_.stop_signal).value_or(SIGTERM);
  ::kill(pid_, signal);  // not reaped before we have been told of its end, so the number is still its own
  asio::steady_timer pause(context_.control);
  const TimePoint latest = Clock::now() + settings_.stop_timeout;
  while (alive_ && life_ == life && Clock::now() < latest) {
    pause.expires_after(kLook);
    co_await pause.async_wait(quietly);
  }
  if (alive_ && life_ == life) {
    context_.log.warn("instance did not stop in time and is killed",
                      {{"pool", address_.pool},
                       {"instance", address_.instance},
                       {"pid", pid_},
                       {"stop_timeout_ms", settings_.stop_timeout.count()}});
    for (const ProcessInfo& process : descendants(list_processes(), pid_)) signal_process(process, SIGKILL);
    ::kill(pid_, SIGKILL);
  }
  const auto left = std::chrono::duration_cast<Millis>(std::max<Duration>(latest - Clock::now(), kLook));
  co_await clear_tree(left);
}

// A wrapper that dies of a signal without passing it on leaves the app itself behind: that one is asked now,
// and killed when it does not listen. Orphans are the launcher's children by then; they are known by what
// they were started with.
asio::awaitable<void> Instance::clear_tree(Millis patience) {
  if (settings_.kill_mode == config::Process::KillMode::Process) co_return;
  const std::string marker = "FRONTDOOR_LIFE=" + life_marker_;
  const auto left = [&] {
    const auto all = list_processes();
    std::vector<ProcessInfo> tree;
    for (const ProcessInfo& process : all) {
      if (process.parent != ::getppid() || process.state == 'Z' || !started_with(process.pid, marker))
        continue;
      if (alive_ && process.pid == pid_) continue;
      tree.push_back(process);
      for (const ProcessInfo& child : descendants(all, process.pid)) tree.push_back(child);
    }
    return tree;
  };
  auto tree = left();
  if (tree.empty()) co_return;
  const int signal = config::parse_signal(settings_.stop_signal).value_or(SIGTERM);
  for (const ProcessInfo& process : tree) signal_process(process, signal);
  asio::steady_timer pause(context_.control);
  const TimePoint latest = Clock::now() + patience;
  for (; !tree.empty() && Clock::now() < latest; tree = left()) {
    pause.expires_after(kLook * 2);
    co_await pause.async_wait(quietly);
  }
  if (tree.empty()) co_return;
  context_.log.warn("instance left processes behind, which are killed",
                    {{"pool", address_.pool},
                     {"instance", address_.instance},
                     {"processes", static_cast<std::uint64_t>(tree.size())}});
  for (int look = 0; !tree.empty() && look < 50; ++look, tree = left()) {
    for (const ProcessInfo& process : tree) signal_process(process, SIGKILL);
    pause.expires_after(kLook * 2);
    co_await pause.async_wait(quietly);
  }
}

// ---- Its output

asio::awaitable<void> Instance::follow([[maybe_unused]] std::shared_ptr<Instance> self, OwnedFd pipe,
                                       OutputStream stream, std::shared_ptr<int> open_pipes) {
  asio::posix::stream_descriptor reading(context_.control, pipe.release());
  LineSplitter splitter;
  std::array<char, 8192> block;
  const auto take = [this, stream](std::string_view line) { add_line(stream, line); };
  for (;;) {
    co_await context_.output.room();  // an app that writes faster than anybody reads waits for its reader
    auto [error, size] = co_await reading.async_read_some(asio::buffer(block), quietly);
    if (error) break;
    splitter.feed({block.data(), size}, take);
  }
  splitter.finish(take);
  --*open_pipes;
}

void Instance::add_line(OutputStream stream, std::string_view line) {
  recent_.add(stream, line, unix_millis());
  context_.output.write(address_.instance, line);
}

}  // namespace frontdoor
