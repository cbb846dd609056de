#include "cli/serve.h"

#include <unistd.h>

#include <array>
#include <boost/asio.hpp>
#include <csignal>
#include <fstream>
#include <iostream>
#include <sstream>

#include "base/log.h"
#include "cli/exit_codes.h"
#include "cli/paced_count.h"
#include "cli/read_config.h"
#include "config/load.h"
#include "discovery/name_lookup.h"
#include "discovery/resolver.h"
#include "health/monitor.h"
#include "proxy/server.h"

namespace frontdoor {

namespace {

namespace asio = boost::asio;
constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

constexpr Millis kFirstVerdicts{1'000};  // how long "ready" waits for the first probes at most
constexpr Millis kPoll{10};
constexpr std::chrono::seconds kLossReport{10};
constexpr std::chrono::seconds kLimitPoll{1};

std::uint64_t thread_count(const config::Config& config) {
  return config.workers != 0 ? config.workers : usable_cpus();
}

// The whole program while it serves, in the order in which its parts are built and torn down.
class Service {
 public:
  Service(const config::Config& config, const ServeOptions& options);
  int run();

 private:
  void apply(std::shared_ptr<const Snapshot> snapshot);
  void names_changed();
  bool every_upstream_judged() const;
  asio::awaitable<void> become_ready();
  asio::awaitable<void> handle_signals();
  asio::awaitable<void> drain();
  asio::awaitable<void> watch_access_log();
  asio::awaitable<void> watch_turned_away();
  asio::awaitable<void> watch_limits();
  void reload();
  void finish();
  void write_ready_file();

  const ServeOptions& options_;
  Log log_;
  std::string access_log_error_;
  AccessLog access_log_;
  asio::io_context control_{1};
  asio::signal_set signals_{control_};
  TimeSource time_;
  KernelSocketOps ops_;
  UpstreamRegistry registry_;
  std::shared_ptr<const Snapshot> snapshot_;
  HealthMonitor health_;
  NameLookups lookups_;
  Resolver resolver_;
  Server server_;
  bool draining_ = false;
};

Service::Service(const config::Config& config, const ServeOptions& options)
    : options_(options),
      log_(STDERR_FILENO, config.log.level, config.log.format),
      access_log_(config.access_log, access_log_error_),
      registry_(static_cast<unsigned>(thread_count(config))),
      snapshot_(registry_.build(config)),
      health_(control_, log_),
      lookups_(control_, config.resolver),
      resolver_(
          control_, log_,
          [this](const std::string& host, NameLookups::Done done) { lookups_.start(host, std::move(done)); },
          [this] { names_changed(); }, {.routable = has_route}),
      server_({time_, ops_, health_, access_log_.off() ? nullptr : &access_log_},
              static_cast<unsigned>(thread_count(config)), snapshot_) {}

int Service::run() {
  if (!access_log_error_.empty()) {
    log_.error("cannot open the access log", {{"reason", access_log_error_}});
    return cli::kExitFailure;
  }
  if (const auto errors = server_.listen(); !errors.empty()) {
    for (const auto& error : errors) log_.error(error);
    return cli::kExitFailure;
  }
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) signals_.add(signal);
  apply(snapshot_);
  server_.start();
  if (options_.on_start) options_.on_start(control_);
  asio::co_spawn(control_, become_ready(), asio::detached);
  asio::co_spawn(control_, handle_signals(), asio::detached);
  asio::co_spawn(control_, watch_access_log(), asio::detached);
  asio::co_spawn(control_, watch_turned_away(), asio::detached);
  asio::co_spawn(control_, watch_limits(), asio::detached);
  control_.run();
  server_.stop();
  log_.info("stopped", {{"requests", server_.served()}});
  return cli::kExitOk;
}

void Service::apply(std::shared_ptr<const Snapshot> snapshot) {
  snapshot_ = std::move(snapshot);
  health_.apply(snapshot_);
  lookups_.set_servers(snapshot_->config.resolver);
  resolver_.follow(snapshot_->config);
}

void Service::names_changed() {
  snapshot_ = registry_.rebuild(*snapshot_, resolver_.addresses());
  server_.publish(snapshot_);
  health_.apply(snapshot_);
}

bool Service::every_upstream_judged() const {
  for (const auto& pool : snapshot_->pools)
    for (const auto& member : pool.members)
      if (member.upstream->seen().state == UpstreamState::Unknown) return false;
  return true;
}

// Ready = listening, and every upstream has been heard of or had its chance: whoever waits for the ready file meets
// no start-up 503.
asio::awaitable<void> Service::become_ready() {
  asio::steady_timer pause(control_);
  const TimePoint latest = Clock::now() + kFirstVerdicts;
  while (!every_upstream_judged() && Clock::now() < latest) {
    pause.expires_after(kPoll);
    co_await pause.async_wait(quietly);
  }
  for (const auto& endpoint : server_.endpoints()) log_.info("listening", {{"address", endpoint.to_string()}});
  write_ready_file();
  if (options_.on_ready) options_.on_ready(server_.endpoints());
}

void Service::write_ready_file() {
  if (options_.ready_file.empty()) return;
  // Renamed into place, so that a reader never sees half of it.
  const std::string draft = options_.ready_file + ".new";
  std::ofstream out(draft);
  for (std::size_t i = 0; i < server_.endpoints().size(); ++i) {
    const auto& name = snapshot_->config.listeners[i].name;
    out << (name.empty() ? "-" : name) << ' ' << server_.endpoints()[i].to_string() << '\n';
  }
  out.close();
  if (!out || std::rename(draft.c_str(), options_.ready_file.c_str()) != 0)
    log_.warn("cannot write the ready file", {{"path", options_.ready_file}});
}

asio::awaitable<void> Service::handle_signals() {
  for (;;) {
    auto [error, signal] = co_await signals_.async_wait(quietly);
    if (error) co_return;
    if (signal == SIGHUP) {
      reload();
    } else if (signal == SIGUSR1) {  // after a log rotation
      access_log_.reopen();
      log_.info("access log reopened");
    } else if (!draining_) {
      draining_ = true;
      log_.info("draining", {{"signal", signal == SIGINT ? "SIGINT" : "SIGTERM"},
                             {"connections", server_.open_connections()}});
      asio::co_spawn(control_, drain(), asio::detached);
    } else {
      log_.warn("stopping at once", {{"connections", server_.open_connections()}});
      finish();
      co_return;
    }
  }
}

// Lines that the disk or its reader did not take are lost for the sake of the traffic, but not silently.
asio::awaitable<void> Service::watch_access_log() {
  asio::steady_timer pause(control_);
  std::uint64_t known = 0;
  for (;;) {
    pause.expires_after(kLossReport);
    auto [error] = co_await pause.async_wait(quietly);
    if (error) co_return;
    const std::uint64_t lost = access_log_.lost_lines();
    if (lost == known) continue;
    log_.warn("access log lines lost", {{"lines", lost - known}, {"total", lost}});
    known = lost;
  }
}

// Connections that were closed before their first request are in no access log.
asio::awaitable<void> Service::watch_turned_away() {
  struct Kind {
    Unwelcome why;
    std::string_view reason;
    std::uint64_t known = 0;
  };
  std::array<Kind, kUnwelcomeKinds> kinds = {
      Kind{Unwelcome::UntrustedProxy, "not from one of trusted_proxies"},
      Kind{Unwelcome::NoProxyHeader, "no PROXY header, or a malformed one"},
      Kind{Unwelcome::TooManyOfClient, "more than max_connections_per_client"},
  };
  asio::steady_timer pause(control_);
  for (;;) {
    pause.expires_after(kLossReport);
    auto [error] = co_await pause.async_wait(quietly);
    if (error) co_return;
    for (Kind& kind : kinds) {
      const std::uint64_t total = server_.turned_away(kind.why);
      if (total == kind.known) continue;
      log_.warn("connections closed unserved",
                {{"reason", kind.reason}, {"connections", total - kind.known}, {"total", total}});
      kind.known = total;
    }
  }
}

// That a limit turns somebody away must not have to be guessed: the first time it is told at once, then counted.
asio::awaitable<void> Service::watch_limits() {
  struct Watched {
    PacedCount closed{kLossReport};
    PacedCount full{kLossReport};
  };
  std::vector<Watched> watched(server_.places().size());
  asio::steady_timer pause(control_);
  for (;;) {
    pause.expires_after(kLimitPoll);
    auto [error] = co_await pause.async_wait(quietly);
    if (error) co_return;
    for (std::size_t i = 0; i < watched.size(); ++i) {
      const Places& places = *server_.places()[i];
      const std::string listener = server_.endpoints()[i].to_string();
      if (const auto closed = watched[i].closed.due(places.closed_for_room(), Clock::now()))
        log_.warn("max_connections reached: idle connections are closed to make room",
                  {{"listener", listener}, {"max_connections", places.limit()}, {"connections", places.taken()},
                   {"closed", *closed}, {"total", places.closed_for_room()}});
      if (watched[i].full.due(places.full(), Clock::now()))
        log_.warn("max_connections reached: every connection is at work, clients wait",
                  {{"listener", listener}, {"max_connections", places.limit()}, {"connections", places.taken()}});
    }
  }
}

asio::awaitable<void> Service::drain() {
  const auto& timeouts = snapshot_->config.timeouts;
  const TimePoint deadline = Clock::now() + timeouts.drain;
  asio::steady_timer pause(control_);
  server_.drain({std::min(Clock::now() + timeouts.drain_delay, deadline), deadline});
  if (timeouts.drain_delay > Millis{0}) {
    pause.expires_after(timeouts.drain_delay);
    co_await pause.async_wait(quietly);
  }
  server_.stop_accepting();
  while (Clock::now() < deadline) {
    pause.expires_after(kPoll);
    co_await pause.async_wait(quietly);
    if (!server_.accepting() && server_.open_connections() == 0) break;
  }
  finish();
}

void Service::finish() {
  if (control_.stopped()) return;
  if (options_.on_stop) options_.on_stop();
  health_.stop();
  resolver_.stop();
  control_.stop();
}

void Service::reload() {
  if (options_.config_file.empty() || options_.config_file == "-") {
    log_.warn("nothing to reload: the config was not read from a file");
    return;
  }
  const cli::ConfigText source = cli::read_config(options_.config_file, std::cin);
  const config::Loaded loaded = config::load(source.text, source.name);
  for (const auto& diagnostic : loaded.diagnostics) {
    if (diagnostic.severity == config::Diagnostic::Severity::Error) log_.error(diagnostic.to_string());
    else log_.warn(diagnostic.to_string());
  }
  if (!source.error.empty() || !loaded.ok()) {
    log_.error("reload refused, the old config stays",
               {{"file", options_.config_file}, {"reason", source.error.empty() ? "the file has errors" : source.error}});
    return;
  }
  if (loaded.config.listeners != snapshot_->config.listeners)
    log_.warn("listeners have changed: that takes effect at the next start");
  auto next = registry_.build(loaded.config, resolver_.addresses());
  server_.publish(next);
  apply(std::move(next));
  log_.info("reloaded", {{"file", options_.config_file}, {"generation", snapshot_->generation}});
}

}  // namespace

int serve(const config::Config& config, const ServeOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);  // a hang-up is a return value
  raise_descriptor_limit();
  Service service(config, options);
  return service.run();
}

}  // namespace frontdoor
