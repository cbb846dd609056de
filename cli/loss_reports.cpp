#include "cli/loss_reports.h"

#include <array>
#include <vector>

#include "cli/paced_count.h"

namespace frontdoor {

namespace {

namespace asio = boost::asio;
constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::seconds kLossReport{10};
constexpr std::chrono::seconds kLimitPoll{1};

}  // namespace

// Lines that the disk or its reader did not take are lost for the sake of the traffic, but not silently.
void LostLines::report() {
  const std::uint64_t lost = access_log_.lost_lines();
  if (lost == known_) return;
  const AccessLog::Loss loss = access_log_.last_loss();
  log_.warn("access log lines lost",
            {{"lines", lost - known_}, {"total", lost}, {"file", loss.file}, {"reason", loss.reason}});
  known_ = lost;
}

asio::awaitable<void> watch_lost_lines(LostLines& lines) {
  asio::steady_timer pause(co_await asio::this_coro::executor);
  for (;;) {
    pause.expires_after(kLossReport);
    auto [error] = co_await pause.async_wait(quietly);
    if (error) co_return;
    lines.report();
  }
}

// Each request of such an app or client has its line in the access log, but nobody reads those.
void report_malformed(Log& log, MalformedMessages& messages) {
  for (const auto& kind : messages.take()) {
    if (kind.outcome.empty())
      log.warn("more invalid messages, of other kinds", {{"messages", kind.count}});
    else if (kind.upstream.empty())
      log.info("requests refused", {{"outcome", kind.outcome}, {"reason", kind.detail}, {"requests", kind.count}});
    else
      log.warn("invalid responses", {{"upstream", kind.upstream},
                                     {"outcome", kind.outcome},
                                     {"reason", kind.detail},
                                     {"responses", kind.count}});
  }
}

asio::awaitable<void> watch_malformed(Log& log, MalformedMessages& messages) {
  asio::steady_timer pause(co_await asio::this_coro::executor);
  for (;;) {
    pause.expires_after(kLossReport);
    auto [error] = co_await pause.async_wait(quietly);
    if (error) co_return;
    report_malformed(log, messages);
  }
}

// Connections that were closed before their first request are in no access log.
asio::awaitable<void> report_turned_away(Log& log, const Server& server) {
  struct Kind {
    Unwelcome why;
    std::string_view reason;
    std::uint64_t known = 0;
  };
  std::array<Kind, kUnwelcomeKinds> kinds = {
      Kind{Unwelcome::UntrustedProxy, "not from one of trusted_proxies"},
      Kind{Unwelcome::NoProxyHeader, "no PROXY header, or a malformed one"},
      Kind{Unwelcome::TooManyOfClient, "more than max_connections_per_client"},
      Kind{Unwelcome::NoMemory, "no memory for the connection"},
  };
  asio::steady_timer pause(co_await asio::this_coro::executor);
  for (;;) {
    pause.expires_after(kLossReport);
    auto [error] = co_await pause.async_wait(quietly);
    if (error) co_return;
    for (Kind& kind : kinds) {
      const std::uint64_t total = server.turned_away(kind.why);
      if (total == kind.known) continue;
      log.warn("connections closed unserved",
               {{"reason", kind.reason}, {"connections", total - kind.known}, {"total", total}});
      kind.known = total;
    }
  }
}

// Each round of a loop is in the access log; what they mean together is said here.
asio::awaitable<void> report_loops(Log& log, const Server& server) {
  std::uint64_t known = 0;
  asio::steady_timer pause(co_await asio::this_coro::executor);
  for (;;) {
    pause.expires_after(kLossReport);
    auto [error] = co_await pause.async_wait(quietly);
    if (error) co_return;
    const std::uint64_t total = server.looped();
    if (total == known) continue;
    log.warn("requests came back to this front door: an upstream leads to one of its own listeners",
             {{"requests", total - known}, {"total", total}});
    known = total;
  }
}

// That a limit turns somebody away must not have to be guessed: the first time it is told at once, then counted.
asio::awaitable<void> report_limits(Log& log, const Server& server) {
  struct Watched {
    PacedCount closed{kLossReport};
    PacedCount full{kLossReport};
  };
  std::vector<Watched> watched(server.places().size());
  Watched process;
  const ConnectionBudget& budget = server.budget();
  asio::steady_timer pause(co_await asio::this_coro::executor);
  for (;;) {
    pause.expires_after(kLimitPoll);
    auto [error] = co_await pause.async_wait(quietly);
    if (error) co_return;
    if (const auto closed = process.closed.due(budget.closed_for_room(), Clock::now()))
      log.warn("open files used up (ulimit -n): idle connections are closed to make room",
               {{"open_files", budget.plan().descriptors}, {"connections", budget.clients()},
                {"upstream_connections", budget.upstreams()}, {"closed", *closed},
                {"total", budget.closed_for_room()}});
    if (process.full.due(budget.full(), Clock::now()))
      log.warn("open files used up (ulimit -n): every connection is at work, clients wait",
               {{"open_files", budget.plan().descriptors}, {"connections", budget.clients()},
                {"upstream_connections", budget.upstreams()}});
    for (std::size_t i = 0; i < watched.size(); ++i) {
      const Places& places = *server.places()[i];
      const std::string listener = server.endpoints()[i].to_string();
      if (const auto closed = watched[i].closed.due(places.closed_for_room(), Clock::now()))
        log.warn("max_connections reached: idle connections are closed to make room",
                 {{"listener", listener}, {"max_connections", places.limit()}, {"connections", places.taken()},
                  {"closed", *closed}, {"total", places.closed_for_room()}});
      if (watched[i].full.due(places.full(), Clock::now()))
        log.warn("max_connections reached: every connection is at work, clients wait",
                 {{"listener", listener}, {"max_connections", places.limit()}, {"connections", places.taken()}});
    }
  }
}

}  // namespace frontdoor
