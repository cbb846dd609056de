#include "service/admin/loss_reports.h"

#include <algorithm>
#include <string>

#include "base/quietly.h"
#include "proxy/exchange/outcome.h"

namespace frontdoor {

namespace {

namespace asio = boost::asio;
constexpr std::chrono::seconds kLossReport{10};
constexpr std::chrono::seconds kLookAtCounters{1};

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
    else if (kind.outcome == outcome::kHandshakeFailed)
      log.info("TLS handshakes failed", {{"reason", kind.detail}, {"connections", kind.count}});
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

TrafficLosses::TrafficLosses(Log& log, const Server& server)
    : log_(log),
      server_(server),
      turned_away_{TurnedAway{Unwelcome::UntrustedProxy, "not from one of trusted_proxies"},
                   TurnedAway{Unwelcome::NoProxyHeader, "no PROXY header, or a malformed one"},
                   TurnedAway{Unwelcome::TooManyOfClient, "more than max_connections_per_client"},
                   TurnedAway{Unwelcome::NoMemory, "no memory for the connection"}} {}

void TrafficLosses::report(TimePoint now) {
  report_turned_away(now);
  report_loops(now);
  report_open_files(now);
  for (const OpenListener& listener : server_.listeners()) report_places(listener, now);
  std::erase_if(places_, [this](const auto& known) {
    const auto& open = server_.listeners();
    return std::none_of(open.begin(), open.end(), [&](const OpenListener& listener) { return listener.id == known.first; });
  });
}

// As if the interval of each count were over.
void TrafficLosses::report_rest(TimePoint now) { report(now + kReport); }

// Connections that were closed before their first request are in no access log.
void TrafficLosses::report_turned_away(TimePoint now) {
  for (TurnedAway& kind : turned_away_) {
    const std::uint64_t total = server_.turned_away(kind.why);
    if (const auto connections = kind.count.due(total, now))
      log_.warn("connections closed unserved",
                {{"reason", kind.reason}, {"connections", *connections}, {"total", total}});
  }
}

// Each round of a loop is in the access log; what they mean together is said here.
void TrafficLosses::report_loops(TimePoint now) {
  const std::uint64_t total = server_.looped();
  if (const auto requests = loops_.due(total, now))
    log_.warn("requests came back to this front door: an upstream leads to one of its own listeners",
              {{"requests", *requests}, {"total", total}});
}

// That a limit turns somebody away must not have to be guessed.
void TrafficLosses::report_open_files(TimePoint now) {
  const ConnectionBudget& budget = server_.budget();
  if (const auto closed = open_files_.closed.due(budget.closed_for_room(), now))
    log_.warn("open files used up (ulimit -n): idle connections are closed to make room",
              {{"open_files", budget.plan().descriptors},
               {"connections", budget.clients()},
               {"upstream_connections", budget.upstreams()},
               {"closed", *closed},
               {"total", budget.closed_for_room()}});
  if (open_files_.full.due(budget.full(), now))
    log_.warn("open files used up (ulimit -n): every connection is at work, clients wait",
              {{"open_files", budget.plan().descriptors},
               {"connections", budget.clients()},
               {"upstream_connections", budget.upstreams()}});
}

void TrafficLosses::report_places(const OpenListener& listener, TimePoint now) {
  const Places& places = *listener.settings->places;
  const std::string address = listener.bound.to_string();
  Limit& known = places_[listener.id];
  if (const auto closed = known.closed.due(places.closed_for_room(), now))
    log_.warn("max_connections reached: idle connections are closed to make room",
              {{"listener", address},
               {"max_connections", places.limit()},
               {"connections", places.taken()},
               {"closed", *closed},
               {"total", places.closed_for_room()}});
  if (known.full.due(places.full(), now))
    log_.warn("max_connections reached: every connection is at work, clients wait",
              {{"listener", address}, {"max_connections", places.limit()}, {"connections", places.taken()}});
}

asio::awaitable<void> watch_traffic_losses(TrafficLosses& losses) {
  asio::steady_timer pause(co_await asio::this_coro::executor);
  for (;;) {
    pause.expires_after(kLookAtCounters);
    auto [error] = co_await pause.async_wait(quietly);
    if (error) co_return;
    losses.report(Clock::now());
  }
}

}  // namespace frontdoor
