#include "supervisor/instance.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <utility>


namespace frontdoor {

namespace asio = boost::asio;

namespace {

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
constexpr Millis kLook{10};           // at something that is awaited and does not call
constexpr Millis kAfterCrash{1'000};  // for what a crashed process has left to end by itself
constexpr std::size_t kLastWords = 5;

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
    case InstanceState::Exited:
      return "exited";
    case InstanceState::Draining:
      return "draining";
    case InstanceState::Stopping:
      return "stopping";
    case InstanceState::Stopped:
      return "stopped";
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
      lines_(context.logs.of(address_.pool, number)),
      changed_(context.control, asio::steady_timer::time_point::max()) {}

void Instance::start(std::optional<RunningProcess> running) {
  asio::co_spawn(context_.control, run(shared_from_this(), std::move(running)), [](std::exception_ptr bug) {
    if (bug) std::rethrow_exception(bug);
  });
}

asio::awaitable<bool> Instance::proved() {
  const auto self = shared_from_this();
  while (state_ != InstanceState::Up && state_ != InstanceState::Stopped && !failed_once_)
    co_await changed_.async_wait(quietly);
  co_return state_ == InstanceState::Up;
}

asio::awaitable<void> Instance::stop() {
  const auto self = shared_from_this();
  const bool asked_before = std::exchange(stopping_, true);
  changed_.cancel();
  if (alive_ && !asked_before) co_await terminate(self, life_);  // one signal, however many ask
  while (state_ != InstanceState::Stopped) co_await changed_.async_wait(quietly);
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
  move(InstanceState::Stopped);
}

// Nothing: it could not be started, and a pause has passed.
asio::awaitable<std::optional<RunningProcess>> Instance::launch() {
  starting_ = co_await gate_->enter();
  if (stopping_) co_return std::nullopt;
  LaunchRequest what = request();
  context_.places.clear(address_.endpoint);
  std::vector<int> sockets;
  auto launched = co_await context_.launcher.launch(what, std::move(sockets));
  if (launched) co_return std::move(*launched);
  starting_ = {};
  const RestartDecision decision = policy_.failed_to_start(std::generate_canonical<double, 10>(random_));
  context_.log.error("instance cannot be started",
                     {{"pool", address_.pool},
                      {"instance", address_.instance},
                      {"reason", why_not_started(what, launched.error())},
                      {"next_ms", std::chrono::duration_cast<Millis>(decision.pause).count()}});
  failed_once_ = true;
  if (decision.what == RestartDecision::What::Stay)
    given_up_ = true;
  else
    co_await pause(decision.pause);
  co_return std::nullopt;
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
  before_life_ = lines_->recent.last_number();
  writer_ = pid_ = process.pid;
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
  last_end_ = end;
  if (!was_up_) failed_once_ = true;
  if (stopping_) {
    context_.log.info("instance stopped",
                      {{"pool", address_.pool}, {"instance", address_.instance}, {"end", to_string(end)}});
    return;
  }
  std::string words;
  for (const std::string& line : lines_->recent.last_words(kLastWords, before_life_, writer_))
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
  context_.host.instance_moved(*this);
}

}  // namespace frontdoor
