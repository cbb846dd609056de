// The life of one prober: look at the upstream, judge, pause, again.

#include "health/prober.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <new>
#include <utility>

#include "base/detached.h"
#include "health/command_probe.h"

// g++ 12 inlines one half of what Asio's coroutine frames are allocated with, and takes it for a stranger (GCC bug 109224).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace frontdoor {
namespace {

namespace asio = boost::asio;

constexpr Duration kForever = Duration::max();
constexpr Duration kWithoutMemory = Millis{1'000};  // until the next try
// How soon it is noticed that a name was looked up in vain. Discovery does not call us: the two meet at the Upstream
// only. (A name that is found is another Upstream, or several.)
constexpr Millis kAwaitAddress{25};
// Between two looks at a process that has only just been started: what it is late by once it is ready.
constexpr Millis kWhileStarting{25};
// Each look of an exec check is a process: never more often than this, whatever the config says and however much hurry
// there is.
constexpr Millis kBetweenCommands{100};

VerdictRules rules_of(const std::optional<config::HealthCheck>& check) {
  return check ? VerdictRules::of(*check) : VerdictRules::revival();
}

// What the metrics call a result.
std::string_view word_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::Passed: return "passed";
    case Outcome::Failed: return "failed";
    case Outcome::TimedOut: return "timed_out";
    case Outcome::Refused: return "refused";
    case Outcome::NotEvidence: break;
  }
  return "discarded";
}

std::int64_t milliseconds(Duration duration) { return std::chrono::duration_cast<Millis>(duration).count(); }

// What is under way can be cancelled no longer than it lives: it may also end because there is no memory to go on.
struct ForgetAtTheEnd {
  std::function<void()>& cancel;
  ~ForgetAtTheEnd() { cancel = nullptr; }
};

}  // namespace

void log_change(Log& log, const Upstream& upstream, UpstreamState from, UpstreamState to,
                const std::string& reason, const std::string& last_words) {
  const Log::Fields fields = {{"pool", upstream.pool()},
                              {"upstream", upstream.name()},
                              {"from", to_string(from)},
                              {"reason", reason}};
  if (to == UpstreamState::Up) return log.info("upstream up", fields);
  if (last_words.empty()) return log.warn("upstream down", fields);
  log.warn("upstream down", {{"pool", upstream.pool()},
                             {"upstream", upstream.name()},
                             {"from", to_string(from)},
                             {"reason", reason},
                             {"last_words", last_words}});
}

Prober::Prober(asio::io_context& control, Log& log, std::shared_ptr<Upstream> upstream,
               std::optional<config::HealthCheck> check, ProxyVersion send_proxy, const http::HeadLimits& limits,
               Approach approach)
    : control_(control),
      log_(log),
      upstream_(std::move(upstream)),
      check_(std::move(check)),
      send_proxy_(send_proxy),
      limits_(limits),
      approach_(std::move(approach)),
      verdict_(rules_of(check_)),
      pause_(control),
      random_(std::random_device{}()) {}

void Prober::start() {
  auto coroutine = run(shared_from_this());
  // Only a bug throws in here. Silence would leave the upstream unwatched for good.
  asio::co_spawn(control_, std::move(coroutine), or_end);
}

void Prober::stop() {
  stopped_ = true;
  if (cancel_) cancel_();
  pause_.cancel();
}

void Prober::set_check(std::optional<config::HealthCheck> check, ProxyVersion send_proxy,
                       const http::HeadLimits& limits, Approach approach) {
  approach_ = std::move(approach);
  check_ = std::move(check);
  send_proxy_ = send_proxy;
  limits_ = limits;
  verdict_.set_rules(rules_of(check_));
  wake_within(verdict_.next_delay(random_share()));
}

void Prober::refused(const std::string& reason) {
  remember({.at = Clock::now(), .outcome = Outcome::Refused, .detail = reason, .by = ProbeRecord::By::Request});
  last_error_ = reason;
  verdict_.align(upstream_->seen().state);
  if (verdict_.state() == UpstreamState::Down) wake_within(verdict_.next_delay(random_share()));
}

void Prober::look_now() {
  verdict_.align(upstream_->seen().state);
  wake_within(Duration::zero());
}

void Prober::suspect() {
  if (check_ || std::exchange(suspected_, true)) return;  // with a check it is looked at anyway
  wake_within(Duration::zero());
}

HealthReport Prober::report() const {
  return {.upstream = upstream_,
          .checked = check_.has_value(),
          .history = verdict_.history(),
          .history_size = verdict_.history_size(),
          .last_latency = last_latency_,
          .last_error = last_error_,
          .results = results_};
}

HealthDetail Prober::detail() const {
  HealthDetail detail{.report = report(), .recent = {recent_.begin(), recent_.end()}, .check = check_};
  detail.streak = verdict_.streak();
  if (!stopped_ && wake_at_ != TimePoint::max() && wake_at_ != TimePoint{})
    detail.next_probe = std::max(wake_at_ - Clock::now(), Duration::zero());
  return detail;
}

void Prober::remember(ProbeRecord record) {
  constexpr std::size_t longest = 200;
  for (std::string* text : {&record.detail, &record.words})
    if (text->size() > longest) text->resize(longest);
  if (recent_.size() == kMostProbeRecords) recent_.pop_front();
  recent_.push_back(std::move(record));
}

// `self` keeps the prober alive for as long as the coroutine is.
asio::awaitable<void> Prober::run([[maybe_unused]] std::shared_ptr<Prober> self) {
  while (!stopped_) {
    Duration pause = kWithoutMemory;
    try {
      pause = co_await look();
    } catch (const std::bad_alloc&) {
      // Our own fault, and no evidence of the upstream.
    }
    wake_at_ = pause == kForever ? TimePoint::max() : Clock::now() + pause;
    co_await sleep();
  }
}

// Until wake_at_, which a reload or a refusal may bring forward meanwhile.
asio::awaitable<void> Prober::sleep() {
  while (!stopped_) {
    pause_.expires_at(wake_at_);
    co_await pause_.async_wait(asio::as_tuple(asio::deferred));
    if (Clock::now() >= wake_at_) co_return;
  }
}

void Prober::wake_within(Duration delay) {
  const TimePoint latest = Clock::now() + delay;
  if (latest >= wake_at_) return;
  wake_at_ = latest;
  pause_.cancel();
}

asio::awaitable<Duration> Prober::look() {
  const Upstream::Seen seen = upstream_->seen();
  verdict_.align(seen.state);
  if (upstream_->admission() == Upstream::Admission::Nobody) co_return kForever;
  if (upstream_->endpoints()->empty()) co_return without_address(seen);
  if (seen.state == UpstreamState::Draining) co_return kForever;  // until its next process
  if (!check_ && seen.state != UpstreamState::Down && !upstream_->starting()) {
    if (seen.state == UpstreamState::Unknown) move(seen, UpstreamState::Up, "no health check");
    if (!suspected_) co_return kForever;
  }
  co_return co_await probe(seen);
}

Duration Prober::without_address(Upstream::Seen seen) {
  if (!upstream_->looked_up()) return kAwaitAddress;
  move(seen, UpstreamState::Down, "name does not resolve");
  return kForever;
}

asio::awaitable<Duration> Prober::probe(Upstream::Seen seen) {
  const config::HealthCheck check = check_or_connect();
  if (check.type == config::HealthCheck::Type::Exec) co_return co_await probe_by_command(seen, check);
  ProbeTarget target = ProbeTarget::of(*upstream_, check, send_proxy_, approach_);
  target.limits = limits_;
  Probe one(control_.get_executor(), std::move(target));
  const TimePoint started = Clock::now();
  cancel_ = [&one] { one.cancel(); };
  const ForgetAtTheEnd forget{cancel_};
  const ProbeReport report = co_await one.run();
  if (stopped_) co_return kForever;
  co_return judge(seen, report, started);
}

asio::awaitable<Duration> Prober::probe_by_command(Upstream::Seen seen, config::HealthCheck check) {
  CheckCommand what{.upstream = upstream_, .command = check.command, .timeout = check.timeout, .port = check.port};
  CommandProbe one(control_.get_executor(), *commands_, std::move(what));
  const TimePoint started = Clock::now();
  cancel_ = [&one] { one.cancel(); };
  const ForgetAtTheEnd forget{cancel_};
  const ProbeReport report = co_await one.run();
  if (stopped_) co_return kForever;
  co_return std::max<Duration>(judge(seen, report, started), kBetweenCommands);
}

Duration Prober::judge(Upstream::Seen seen, const ProbeReport& report, TimePoint started) {
  // Live traffic moved it meanwhile: the probe speaks of an earlier time.
  if (const Upstream::Seen now = upstream_->seen(); now != seen) {
    verdict_.align(now.state);
    return verdict_.next_delay(random_share());
  }
  ProbeRecord record{.at = started, .outcome = report.outcome, .detail = report.detail,
                     .words = report.words, .latency = report.latency};
  if (upstream_->starting() && report.outcome != Outcome::Passed) {
    record.counted = false;
    remember(std::move(record));
    last_error_ = report.detail;
    return kWhileStarting;
  }
  const Observation observation{.outcome = report.outcome,
                                .lateness = report.lateness,
                                .served_meanwhile = upstream_->last_success() >= started,
                                .jitter = random_share()};
  const Judgement judgement = verdict_.observe(observation, report.detail);
  record.counted = judgement.counted;
  remember(std::move(record));
  add_words(results_, judgement.counted ? word_of(report.outcome) : "discarded", 1);
  if (!judgement.counted) {
    log_.debug("probe discarded", {{"pool", upstream_->pool()},
                                   {"upstream", upstream_->name()},
                                   {"reason", report.detail},
                                   {"loop_late_ms", milliseconds(report.lateness)}});
    return judgement.next;
  }
  suspected_ = false;
  last_latency_ = report.latency;
  if (report.outcome != Outcome::Passed) last_error_ = report.detail;
  if (judgement.change != Change::None) move(seen, verdict_.state(), judgement.reason, judgement.cause, report.words);
  return judgement.next;
}

void Prober::move(Upstream::Seen seen, UpstreamState to, const std::string& reason, DownCause cause,
                  const std::string& last_words) {
  if (!upstream_->change(seen, to, reason, Clock::now(), cause))
    return;  // another witness was first, or it is there already
  verdict_.align(to);
  if (to == UpstreamState::Down) last_error_ = reason;
  log_change(log_, *upstream_, seen.state, to, reason, last_words);
}

double Prober::random_share() { return std::uniform_real_distribution<double>(0.0, 1.0)(random_); }

config::HealthCheck Prober::check_or_connect() const {
  const bool only_connects = upstream_->starting() && upstream_->admission() == Upstream::Admission::Connect;
  const bool nobody_runs_it = check_ && check_->type == config::HealthCheck::Type::Exec && commands_ == nullptr;
  if (check_ && !only_connects && !nobody_runs_it) return *check_;
  config::HealthCheck connect;
  // A handshake that fails is what traffic has met; a connection that is only opened would bring it back at once.
  connect.type = upstream_->address().tls ? config::HealthCheck::Type::Tls : config::HealthCheck::Type::Tcp;
  return connect;
}

}  // namespace frontdoor
