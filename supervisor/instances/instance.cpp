#include "supervisor/instances/instance.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <csignal>
#include <utility>

#include "base/detached.h"
#include "base/quietly.h"
#include "config/process_values.h"
#include "supervisor/instances/instance_memo.h"
#include "supervisor/launcher/why_not_started.h"

namespace frontdoor {

namespace asio = boost::asio;

namespace {

constexpr Millis kLookAtState{10};           // at something that is awaited and does not call
constexpr Millis kAfterCrash{1'000};  // for what a crashed process has left to end by itself
constexpr std::size_t kLastWords = 12;  // the message of a Node error, its ten frames and the line behind them
constexpr Millis kTelling{2'000};       // for a hung one to say where it hangs
constexpr Millis kHearing{500};         // for all workers to have said what was on one that has died
constexpr Millis kSlowStart{3'000};  // then it is worth a look whether it will ever be ready

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
    case InstanceState::Done:
      return "done";
    case InstanceState::Draining:
      return "draining";
    case InstanceState::Stopping:
      return "stopping";
    case InstanceState::Idle:
      return "idle";
    case InstanceState::Stopped:
      return "stopped";
  }
  return "";
}

InstanceState state_after(const std::optional<ProcessEnd>& last_end) {
  return last_end && last_end->went_well() ? InstanceState::Done : InstanceState::Exited;
}

Instance::Instance(InstanceContext& context, Shared shared, std::shared_ptr<PlaceHistory> history,
                   InstanceAddress address, unsigned number, config::Process settings)
    : context_(context),
      shared_(std::move(shared)),
      history_(std::move(history)),
      address_(std::move(address)),
      number_(number),
      settings_(std::move(settings)),
      policy_(settings_.restart),
      random_(std::random_device{}()),
      lines_(context.logs.of(address_.pool, number)),
      output_(std::make_shared<OutputReader>(context.control, context.log, context.output, context.logs, lines_)) {}

// ---- What others ask of it

void Instance::start() { spawn_run(std::nullopt); }

void Instance::take_over(RunningProcess running, std::string launch, bool served) {
  launched_ = parse_launch(launch);
  if (served) served_as_ = launched_;
  launched_as_ = std::move(launch);
  engaged_ = true;
  born_ = ++context_.ticks;
  taken_over_ = true;
  spawn_run(std::move(running));
}

void Instance::rest(const std::optional<ProcessEnd>& end) {
  history_->last_end = end;
  launched_as_ = launch_text(settings_);
  was_up_ = true;  // nobody waits for it
  upstream_ = context_.host.upstream_of(address_);
  if (upstream_) {
    upstream_->set_starting(false);
    context_.host.evict(upstream_, "its process has ended");
  }
  move(state_after(end));
}

void Instance::spawn_run(std::optional<RunningProcess> running) {
  running_ = true;
  upstream_ = context_.host.upstream_of(address_);
  if (!running) in_line_ = true;
  asio::co_spawn(context_.control, run(shared_from_this(), std::move(running)), or_end);
}

void Instance::restart_now(const config::Process& settings, std::string reason) {
  if (done()) return;
  history_->last_reason = std::move(reason);
  settings_ = settings;
  policy_.set_rules(settings_.restart);
  policy_.forgive();
  failure_ = {};
  restart_asked_ = true;
  if (!running_) {
    move(InstanceState::Starting);
    spawn_run(std::nullopt);
  } else if (alive_) {
    if (upstream_) upstream_->drain(Clock::now(), Clock::now());
    asio::co_spawn(context_.control, terminate(shared_from_this(), life_), or_end);
  }
  shared_.changed->tell();
}

void Instance::leave(TimePoint until) {
  leaving_ = true;
  if (upstream_) upstream_->drain(Clock::now(), until);
  move(InstanceState::Draining);
}

void Instance::yield() {
  if (output_) output_->yield();
  if (notify_) notify_->close();
}

bool Instance::has_requests() const {
  return alive_ && upstream_ && (!upstream_->acknowledged() || upstream_->in_flight() != 0);
}

void Instance::ask_where_it_hangs() {
  const auto signal = config::parse_signal(settings_.hung_signal);
  if (!signal || !alive_) return;
  send(*signal);
  telling_until_ = Clock::now() + kTelling;
}

asio::awaitable<void> Instance::stop() {
  const auto self = shared_from_this();
  stopping_ = true;
  if (running_) move(InstanceState::Stopping);
  if (alive_) co_await terminate(self, life_);
  for (;;) {
    const std::uint64_t seen = shared_.changed->version();
    if (!running_) break;
    co_await shared_.changed->changed(seen);
  }
  move(InstanceState::Stopped);
}

void Instance::change(const config::Process& settings) {
  settings_ = settings;
  policy_.set_rules(settings_.restart);
}

bool Instance::started_as(const config::Launch& launch) const {
  // One that has ended for good was what it was, whatever it would be started as now.
  const bool begun = engaged_ || has_ended_for_good(state_);
  return (begun ? launched_as_ : launch_text(settings_)) == launch_text(launch);
}

bool Instance::idle() const {
  return state_ == InstanceState::Pausing || state_ == InstanceState::CrashLoop || has_ended_for_good(state_);
}

Tick Instance::born() const { return in_line_ || restart_asked_ ? kNotBornYet : born_; }

// ---- Its lives

asio::awaitable<void> Instance::run([[maybe_unused]] std::shared_ptr<Instance> self,
                                    std::optional<RunningProcess> running) {
  while (!done() || running) {
    if (!running) running = co_await launch();
    if (!running) {
      if (state_ == InstanceState::Exited && !restart_asked_) break;  // asked while it could not be launched
      continue;
    }
    const ProcessEnd end = co_await live(std::move(*running));
    running.reset();
    ended(end);
    if (done() || restart_asked_) continue;
    RestartDecision decision = decide(end);
    // Which a job that has ended well does not do for another config either: whoever replaces it starts it once.
    if (decision.what == RestartDecision::What::StartAgain && is_outdated()) decision = begin_anew();
    tell_end(end, decision);
    if (decision.what == RestartDecision::What::Stay) {
      move(state_after(end));
      break;
    }
    co_await pause(decision.pause);
  }
  running_ = false;
  shared_.changed->tell();
}

// Nothing: it is not wanted any more, or it could not be started, and a pause has passed.
asio::awaitable<std::optional<RunningProcess>> Instance::launch() {
  in_line_ = true;
  move(InstanceState::Starting);
  const std::function<bool()> wanted = [this] { return !done(); };
  starting_ = co_await shared_.gate->enter(wanted);
  in_line_ = false;
  if (!starting_) co_return std::nullopt;
  co_await context_.launcher.still_ours();
  restart_asked_ = false;
  failure_ = {};
  was_up_ = false;
  engaged_ = true;
  launched_as_ = launch_text(settings_);
  launched_ = settings_;
  born_ = ++context_.ticks;
  std::vector<int> sockets;
  std::string reason = prepare(sockets);
  bool in_vain = false;  // for ever
  if (reason.empty()) {
    LaunchRequest what = request();
    auto launched = co_await context_.launcher.launch(what, std::move(sockets));
    co_await context_.launcher.still_ours();  // its output is for one reader
    if (launched) co_return std::move(*launched);
    reason = why_not_started(what, launched.error());
    in_vain = launched.error().stage == LaunchStage::LauncherGone;
  }
  stop_watching();
  engaged_ = false;
  starting_ = {};
  RestartDecision decision = policy_.failed_to_start(std::generate_canonical<double, 10>(random_));
  if (is_outdated()) decision = begin_anew();
  const bool again = decision.what == RestartDecision::What::StartAgain && !in_vain;
  context_.log.error("instance cannot be started",
                     {{"pool", address_.pool},
                      {"instance", address_.instance},
                      {"reason", reason},
                      {"next_ms", again ? std::chrono::duration_cast<Millis>(decision.pause).count() : -1}});
  failure_ = {reason, ""};
  if (done()) co_return std::nullopt;
  history_->last_reason = reason;
  move(!again ? InstanceState::Exited : decision.crash_loop ? InstanceState::CrashLoop : InstanceState::Pausing);
  if (again) co_await pause(decision.pause);
  co_return std::nullopt;
}

// The config has another command by now than the one that has just ended, which has failed nobody yet: it must not pay for
// what the other has earned.
bool Instance::is_outdated() const { return launched_as_ != launch_text(settings_); }

RestartDecision Instance::begin_anew() {
  policy_.forgive();
  return {.what = RestartDecision::What::StartAgain};
}

// From its start to its end, and until nothing is left of what it has started.
asio::awaitable<ProcessEnd> Instance::live(RunningProcess process) {
  const auto self = shared_from_this();
  begin(process);
  output_->follow(pid_, std::move(process.output), std::move(process.errors));
  // Somebody changed their mind while it was being launched.
  if (stopping_ || restart_asked_)
    asio::co_spawn(context_.control, terminate(self, life_), or_end);
  else
    asio::co_spawn(context_.control, watch_start(self, life_), or_end);

  co_await context_.launcher.gone(process);
  alive_ = false;
  starting_ = {};
  late_.clear();
  if (upstream_) {
    upstream_->set_starting(false);
    context_.host.evict(upstream_, "its process has ended");
  }
  co_await context_.launcher.still_ours();
  stop_watching();
  shared_.changed->tell();
  if (!asked_to_end_) co_await count_casualties(Clock::now());
  const ProcessEnd end = co_await context_.launcher.ended(process.id);
  co_await context_.launcher.still_ours();  // to tell: another front door finds the record where it was not forgotten in time
  if (!was_up_) output_->drain();  // which says why; what it has left behind may hold the pipe
  early_end_ = was_up_ ? "" : early_end(end);
  if (!was_up_ && !failed()) start_failed(early_end_);
  const Duration patience = asked_to_end_ ? killed_at_ - Clock::now() : Duration{kAfterCrash};
  co_await clear_tree(std::max<Duration>(patience, kLookAtState));
  output_->drain();  // its last words
  pid_ = -1;
  engaged_ = false;
  co_return end;
}

// The workers name what was on it; which of these it has died of, if of any, nobody can tell yet.
asio::awaitable<void> Instance::count_casualties(TimePoint died) {
  history_->requests_at_end.clear();
  if (!upstream_) co_return;
  asio::steady_timer pause(context_.control);
  while (!upstream_->acknowledged() && Clock::now() < died + kHearing) {
    pause.expires_after(kLookAtState);
    co_await pause.async_wait(quietly);
  }
  std::vector<Casualty> casualties = upstream_->casualties().take(died);
  std::string requests;
  for (const Casualty& casualty : casualties) {
    history_->requests_at_end.push_back(casualty.request + " (" + casualty.request_id + ")");
    requests += (requests.empty() ? "" : ", ") + history_->requests_at_end.back();
  }
  cause_.ended(std::move(casualties));
  if (requests.empty()) co_return;
  context_.log.warn("instance ended with requests on it",
                    {{"pool", address_.pool}, {"instance", address_.instance}, {"pid", pid_}, {"requests", requests}});
}

void Instance::begin(const RunningProcess& process) {
  ++life_;
  ++starts_;
  ++history_->starts;
  alive_ = true;
  asked_to_end_ = false;
  telling_until_ = {};
  was_up_ = false;
  before_life_ = lines_->recent.last_number();
  writer_ = pid_ = process.pid;
  who_ = read_process(pid_, process.pidfd.get());  // an inherited one may have ended long ago
  // An inherited one brings the marker that its children were started with.
  if (auto memo = parse_memo(process.memo)) life_marker_ = std::move(memo->life);
  move(InstanceState::Starting);
  begin_to_watch();
  context_.log.info("instance started", {{"pool", address_.pool},
                                         {"instance", address_.instance},
                                         {"pid", pid_},
                                         {"address", address_.endpoint.to_string()}});
}

asio::awaitable<void> Instance::watch_start(std::shared_ptr<Instance> self, std::uint64_t life) {
  TimePoint look_at = begun_ + std::min<Duration>(settings_.start_timeout / 2, kSlowStart);
  while (alive_ && life_ == life && !asked_to_end_ && !context_.launcher.yielded()) {
    const std::uint64_t seen = shared_.changed->version();
    if (is_ready()) co_return came_up();
    if (Clock::now() >= start_latest_) {
      const StartDiagnosis found = diagnose();
      const auto waited = std::chrono::duration_cast<Millis>(Clock::now() - begun_).count();
      context_.log.error("instance is not ready in time",
                         {{"pool", address_.pool},
                          {"instance", address_.instance},
                          {"pid", pid_},
                          {"start_timeout_ms", settings_.start_timeout.count()},
                          {"reason", found.text}});
      start_failed("not ready after " + std::to_string(waited) + " ms: " + found.text);
      co_await terminate(self, life);
      co_return;
    }
    if (Clock::now() >= look_at) {
      look_at = Clock::now() + (Clock::now() - begun_);  // ever more seldom: each looks at all processes
      if (StartDiagnosis found = diagnose(); found.certain) {
        look_at = TimePoint::max();
        late_ = std::move(found.text);
        context_.log.warn("instance is not ready yet", {{"pool", address_.pool},
                                                        {"instance", address_.instance},
                                                        {"pid", pid_},
                                                        {"reason", late_}});
      }
    }
    co_await shared_.changed->changed(seen, std::min(start_latest_, Clock::now() + kLookAtState));
  }
}

void Instance::came_up() {
  starting_ = {};
  up_since_ = Clock::now();
  was_up_ = true;
  if (launched_) served_as_ = launched_;
  failure_ = {};
  late_.clear();
  look_below();
  if (upstream_) upstream_->set_starting(false);
  context_.log.info("instance up", {{"pool", address_.pool}, {"instance", address_.instance}, {"pid", pid_}});
  if (!done()) move(InstanceState::Up);
}

void Instance::ended(const ProcessEnd& end) {
  history_->last_end = end;
  history_->last_end_at = Clock::now();
  if (stopping_ || restart_asked_)
    context_.log.info("instance stopped",
                      {{"pool", address_.pool}, {"instance", address_.instance}, {"end", to_string(end)}});
  else if (leaving_)  // nobody asked it to, yet
    tell_end(end, {.what = RestartDecision::What::Stay});
}

RestartDecision Instance::decide(const ProcessEnd& end) {
  const Duration lived = was_up_ ? Clock::now() - up_since_ : Duration{};
  return policy_.ended(end, lived, std::generate_canonical<double, 10>(random_));
}

void Instance::tell_end(const ProcessEnd& end, const RestartDecision& decision) {
  const bool again = decision.what == RestartDecision::What::StartAgain;
  const std::string cause = decision.crash_loop ? cause_.common(policy_.short_lives()) : "";
  const Log::Fields fields = {
      {"pool", address_.pool},
      {"instance", address_.instance},
      {"end", to_string(end)},
      {"on_it_each_time", cause},
      {"lives", static_cast<std::uint64_t>(starts_)},
      {"next_ms", again ? std::chrono::duration_cast<Millis>(decision.pause).count() : -1},
      {"reason", early_end_},
      {"last_words", last_words()}};
  if (again) history_->last_reason = to_string(end);
  if (decision.crash_loop) {
    context_.log.error("instance is in a crash loop", fields);
    move(InstanceState::CrashLoop);
  } else {
    context_.log.warn("instance ended", fields);
    if (again) move(InstanceState::Pausing);
  }
}

std::string to_string(const StartFailure& failure) {
  return failure.last_words.empty() ? failure.why : failure.why + "; it said: " + failure.last_words;
}

std::string Instance::last_words() const {
  std::string words;
  for (const std::string& line : lines_->recent.last_words(kLastWords, before_life_, writer_))
    words += (words.empty() ? "" : "\n") + line;
  return words;
}

void Instance::start_failed(const std::string& why) {
  failure_ = {why, last_words()};
  shared_.changed->tell();
}

asio::awaitable<void> Instance::pause(Duration duration) {
  const TimePoint until = Clock::now() + duration;
  next_start_ = until;
  for (;;) {
    const std::uint64_t seen = shared_.changed->version();
    if (done() || restart_asked_ || Clock::now() >= until) break;
    co_await shared_.changed->changed(seen, until);
  }
  next_start_.reset();
}

void Instance::move(InstanceState state) {
  if (state_ != state) since_ = Clock::now();
  state_ = state;
  shared_.changed->tell();
  context_.host.instance_moved(*this);
}

}  // namespace frontdoor
