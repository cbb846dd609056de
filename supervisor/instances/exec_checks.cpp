#include "supervisor/instances/exec_checks.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <exception>
#include <new>
#include <optional>
#include <utility>

#include "base/detached.h"
#include "supervisor/instances/check_pipe.h"
#include "supervisor/instances/check_process.h"
#include "supervisor/instances/instance_places.h"
#include "supervisor/instances/run_as.h"
#include "supervisor/launcher/why_not_started.h"

namespace frontdoor {

namespace asio = boost::asio;

namespace {

using End = CheckCommandResult::End;

constexpr std::string_view kMemo = "check of ";   // and the life that its children bear; no instance's memo is one line

}  // namespace

InstanceVariables check_variables(const Upstream& upstream, std::uint16_t port) {
  const auto endpoints = upstream.endpoints();
  InstanceVariables variables;
  if (endpoints->empty()) return variables;
  Endpoint at = endpoints->front();
  if (port != 0) at.set_port(port);
  variables.port = port_variable(at);
  variables.address = at.to_string();
  if (at.is_unix()) return variables;
  variables.host = at.ip();
  if (endpoints->size() == 1) return variables;
  variables.host = upstream.address().host;  // "localhost", which has two
  variables.address = variables.host + ':' + variables.port;
  return variables;
}

struct ExecChecks::Run {
  Run(asio::io_context& control, std::uint64_t number, CheckCommand command, std::function<void(const CheckCommandResult&)> then)
      : id(number), what(std::move(command)), done(std::move(then)), time(control) {}

  std::string words() const {
    for (const auto* pipe : {&errors, &output})
      if (*pipe)
        if (std::string line = (*pipe)->line.text(); !line.empty()) return line;
    return "";
  }

  const std::uint64_t id;
  const CheckCommand what;
  std::function<void(const CheckCommandResult&)> done;  // empty: nobody waits any more
  asio::steady_timer time;
  TimePoint began{};
  std::string life = fresh_life();
  pid_t pid = -1;
  std::optional<ProcessInfo> who = {};
  OwnedFd pidfd = {};     // where that is not known
  bool doomed = false;    // is killed as soon as it is there
  bool stuck = false;
  bool over = false;      // its place is free, or about to be
  bool answered = false;
  std::shared_ptr<CheckPipe> output = {};
  std::shared_ptr<CheckPipe> errors = {};
};

ExecChecks::ExecChecks(asio::io_context& control, Log& log, LauncherClient& launcher, Instances instances, Millis until_stuck)
    : control_(control),
      log_(log),
      launcher_(launcher),
      instances_(std::move(instances)),
      until_stuck_(until_stuck),
      leavings_(control, log, instances_.processes, instances_.list) {}

ExecChecks::~ExecChecks() {
  kill_doomed();
  *alive_ = false;
}

// The launcher tells the other one of their ends, which would be waited for in vain here.
void ExecChecks::yield() {
  open_ = false;
  for (const auto& [id, run] : runs_)
    if (run->pid >= 0 && !run->doomed) doomed_.push_back(run);
  kill_doomed();
  *alive_ = false;
}

void ExecChecks::apply(const config::Config& config) {
  std::map<std::string, config::Launch> launches;
  for (const config::Pool& pool : config.pools)
    if (pool.has_exec_check()) launches[pool.name] = pool.process;
  launches_.swap(launches);  // all of them, or memory has run out before
}

void ExecChecks::open() {
  open_ = true;
  std::vector<std::string> pools;
  for (const auto& [pool, line] : lines_) pools.push_back(pool);
  for (const std::string& pool : pools) pump(pool);
}

// ---- What is asked of it

std::uint64_t ExecChecks::start(CheckCommand what, std::function<void(const CheckCommandResult&)> done) {
  const auto run = std::make_shared<Run>(control_, ++last_run_, std::move(what), std::move(done));
  const std::string& pool = run->what.upstream->pool();
  try {
    runs_[run->id] = run;
    lines_[pool].waiting.push_back(run);
    pump(pool);
  } catch (const std::bad_alloc&) {
    cancel(run->id);  // whoever asked is told by this, and is not there to be answered
    throw;
  }
  return run->id;
}

void ExecChecks::cancel(std::uint64_t id) {
  const auto found = runs_.find(id);
  if (found == runs_.end()) return;
  const RunPointer run = found->second;
  runs_.erase(found);
  run->done = nullptr;
  if (const auto line = lines_.find(run->what.upstream->pool()); line != lines_.end()) std::erase(line->second.waiting, run);
  doom(run);
}

void ExecChecks::pump(const std::string& pool) {
  const auto found = lines_.find(pool);
  if (!open_ || found == lines_.end()) return;
  Line& line = found->second;
  while (line.running < kMostAtOnce && !line.waiting.empty()) {
    const RunPointer run = std::move(line.waiting.front());
    line.waiting.pop_front();
    ++line.running;
    try {
      asio::co_spawn(control_, carry_out(run), [this, alive = alive_, run](std::exception_ptr out_of_memory) {
        if (!*alive) return;
        run->over = true;
        run->time.cancel();
        if (out_of_memory) answer(run, End::NotRun, "out of memory");
        // Behind whoever has started this, who may be going through the line.
        asio::post(control_, [this, alive, run] {
          if (!*alive) return;
          const std::string& its_pool = run->what.upstream->pool();
          Line& its_line = lines_[its_pool];
          --its_line.running;
          if (run->stuck) --its_line.stuck;
          pump(its_pool);
        });
      });
    } catch (const std::bad_alloc&) {
      --line.running;
      answer(run, End::NotRun, "out of memory");
    }
  }
  give_up_those_that_wait(line);
  if (line.running == 0 && line.waiting.empty()) lines_.erase(found);
}

// Later, by a post: the caller must not be called back from inside its own call.
void ExecChecks::answer(const RunPointer& run, End end, std::string detail, std::string words) {
  if (run->answered) return;
  const bool has_begun = run->began != TimePoint{};
  CheckCommandResult result{end, std::move(detail), std::move(words), has_begun ? Clock::now() - run->began : Duration{}};
  asio::post(control_, [this, alive = alive_, run, result = std::move(result)] {
    if (!*alive) return;
    runs_.erase(run->id);
    if (const auto done = std::exchange(run->done, nullptr)) done(result);
  });
  run->answered = true;
}

// ---- One run

std::optional<LaunchRequest> ExecChecks::request_of(const Run& run) const {
  const Upstream& upstream = *run.what.upstream;
  InstanceVariables ours = check_variables(upstream, run.what.port);
  ours.life = run.life;
  config::Launch launch;
  if (const auto instance = instances_.find(upstream)) {
    launch = instance->launch;
    ours.instance = instance->instance;
    ours.number = instance->number;
  } else if (const auto its = launches_.find(upstream.pool()); its != launches_.end()) {
    launch = its->second;
  } else {
    return std::nullopt;  // as this process, it might be as root
  }
  launch.kill_mode = config::Launch::KillMode::Tree;  // whatever its pool's instances may leave
  LaunchRequest request = run_as(launch, ours);
  request.command = run.what.command;
  request.parent_death_signal = SIGKILL;
  request.brief = true;
  request.memo = std::string(kMemo) + run.life;
  return request;
}

void ExecChecks::begin_time(const RunPointer& run) {
  run->began = Clock::now();
  run->time.expires_after(run->what.timeout);
  run->time.async_wait([this, alive = alive_, run](boost::system::error_code cancelled) {
    if (cancelled || !*alive || run->over) return;
    if (run->pid < 0) {
      constexpr const char* kReason = "the launcher does not answer";
      run->doomed = true;
      tell_not_run(*run, kReason);
      answer(run, End::NotRun, kReason);
      return stuck(run);
    }
    if (run->answered || run->doomed) return;
    answer(run, End::TimedOut, "probe timed out", run->words());
    doom(run);
  });
}

asio::awaitable<void> ExecChecks::carry_out(RunPointer run) {
  const auto alive = alive_;
  begin_time(run);
  const std::optional<LaunchRequest> request = request_of(*run);
  if (!request) {
    constexpr const char* kReason = "the pool is not known";
    tell_not_run(*run, kReason);
    answer(run, End::NotRun, kReason);
    co_return;
  }
  std::vector<int> no_sockets;
  auto launched = co_await launcher_.launch(*request, no_sockets);
  if (!*alive) co_return;
  if (launched) {
    RunningProcess process = std::move(*launched);
    run->pid = process.pid;
    run->who = read_process(run->pid);
    if (!run->who) run->pidfd = std::move(process.pidfd);  // and its end is heard of by the launcher
    run->output = CheckPipe::follow(control_, std::move(process.output));
    run->errors = CheckPipe::follow(control_, std::move(process.errors));
    if (run->doomed) doom(run);
    if (run->output && run->errors) {
      not_run_.erase(run->what.upstream->pool());
    } else if (!run->answered) {  // it would stand still before a pipe that nobody reads
      constexpr const char* kReason = "what it writes cannot be read";
      tell_not_run(*run, kReason);
      answer(run, End::NotRun, kReason);
      doom(run);
    }
    co_await launcher_.gone(process);
    const ProcessEnd end = co_await launcher_.ended(process.id);
    if (!*alive) co_return;
    ended(run, end);
  } else {
    run->over = true;
    const std::string reason = why_not_started(*request, launched.error());
    if (!run->doomed) tell_not_run(*run, reason);
    answer(run, End::NotRun, reason);
  }
}

void ExecChecks::ended(const RunPointer& run, const ProcessEnd& end) {
  leavings_.clear_soon({run->pid, "FRONTDOOR_LIFE=" + run->life}, run->what.upstream->pool());
  run->pid = -1;
  run->over = true;
  for (const auto& pipe : {run->output, run->errors})
    if (pipe) pipe->finish();
  if (!end.known) return answer(run, End::NotRun, "the launcher has gone");
  if (!end.by_signal && end.value == 0) return answer(run, End::Passed, "");
  answer(run, End::Failed, to_string(end), run->words());
}

// Its place is its own until it has ended: more than a few would hang where these do. But nobody waits for ever.
void ExecChecks::doom(const RunPointer& run) {
  run->doomed = true;
  if (run->pid < 0) return;  // as soon as it is there
  kill_soon(run);
  run->time.expires_after(until_stuck_);
  run->time.async_wait([this, alive = alive_, run](boost::system::error_code cancelled) {
    if (!cancelled && *alive) stuck(run);
  });
}

// Reading all of /proc takes long: all that are doomed in this turn of the loop are killed at one look.
void ExecChecks::kill_soon(const RunPointer& run) {
  if (doomed_.empty())
    asio::post(control_, [this, alive = alive_] {
      if (*alive) kill_doomed();
    });
  doomed_.push_back(run);
}

void ExecChecks::kill_doomed() {
  const auto doomed = std::exchange(doomed_, {});
  if (doomed.empty()) return;
  const auto all = instances_.list();
  for (const RunPointer& run : doomed) {
    if (run->pid < 0) continue;  // has ended meanwhile
    if (!run->who) run->who = check_at(run->pid, "FRONTDOOR_LIFE=" + run->life);
    if (run->who)
      kill_with_all_below(*run->who, all);
    else if (run->pidfd.valid())
      ::syscall(SYS_pidfd_send_signal, run->pidfd.get(), SIGKILL, nullptr, 0);
  }
}

void ExecChecks::stuck(const RunPointer& run) {
  if (run->over || std::exchange(run->stuck, true)) return;
  Line& line = lines_[run->what.upstream->pool()];
  if (line.stuck++ == 0 && run->pid >= 0)
    log_.error("a health check was killed and does not end", {{"pool", run->what.upstream->pool()},
                                                              {"upstream", run->what.upstream->name()},
                                                              {"pid", static_cast<std::int64_t>(run->pid)}});
  give_up_those_that_wait(line);
}

void ExecChecks::give_up_those_that_wait(Line& line) {
  if (line.stuck < kMostAtOnce) return;
  for (const RunPointer& run : std::exchange(line.waiting, {})) {
    constexpr const char* kReason = "none of the checks before it ends";
    tell_not_run(*run, kReason);
    answer(run, End::NotRun, kReason);
  }
}

void ExecChecks::tell_not_run(const Run& run, const std::string& reason) {
  const Upstream& upstream = *run.what.upstream;
  if (std::exchange(not_run_[upstream.pool()], reason) == reason) return;
  log_.warn("health check cannot be run, and says nothing",
            {{"pool", upstream.pool()}, {"upstream", upstream.name()}, {"reason", reason}});
}

// ---- What is left behind

bool ExecChecks::is_check(std::string_view memo) { return memo.starts_with(kMemo) && memo.find('\n') == memo.npos; }

void ExecChecks::end(RunningProcess left) { asio::co_spawn(control_, bury(std::move(left)), OrTell(log_, "the end of a health check")); }

asio::awaitable<void> ExecChecks::bury(RunningProcess left) {
  const auto alive = alive_;
  const LifeMarks life{left.pid, "FRONTDOOR_LIFE=" + left.memo.substr(kMemo.size())};
  // The launcher tells also of those that have ended, whose numbers may be others' by now.
  if (const auto who = check_at(left.pid, life.variable))
    kill_with_all_below(*who, instances_.list());
  else if (left.pidfd.valid())
    ::syscall(SYS_pidfd_send_signal, left.pidfd.get(), SIGKILL, nullptr, 0);
  co_await launcher_.gone(left);
  co_await launcher_.ended(left.id);
  if (*alive) leavings_.clear_soon(life);
}

}  // namespace frontdoor
