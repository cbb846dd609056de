#include "cli/drain.h"

#include <algorithm>

#include "base/quietly.h"
#include "config/units.h"
#include "proxy/server/port_holder.h"

namespace frontdoor {

namespace {

namespace asio = boost::asio;
constexpr Millis kDrainPoll{10};
constexpr Millis kReport{5'000};

std::string seconds_until(TimePoint then) {
  const auto left = std::chrono::ceil<std::chrono::seconds>(std::max(then - Clock::now(), Duration{}));
  return config::format_duration(std::chrono::duration_cast<Millis>(left));
}

void report(Log& log, LogLevel level, std::string_view event, const OpenWork& open, TimePoint deadline) {
  const Log::Fields fields = {
      {"requests", open.requests}, {"streams", open.streams}, {"websockets", open.websockets},
      {"tunnels", open.tunnels},   {"idle", open.idle},       {"at_most", seconds_until(deadline)}};
  level == LogLevel::Warn ? log.warn(event, fields) : log.info(event, fields);
}

}  // namespace

asio::awaitable<void> drain(Server& server, Log& log, config::Timeouts timeouts) {
  const TimePoint deadline = Clock::now() + timeouts.drain;
  const TimePoint stop_accepting = std::min(Clock::now() + timeouts.drain_delay, deadline);
  TimePoint next_report = Clock::now() + kReport;
  bool stopped = false;
  asio::steady_timer pause(co_await asio::this_coro::executor);
  say_that_we_leave();
  server.drain({stop_accepting, deadline});
  for (;;) {
    const TimePoint now = Clock::now();
    if (!stopped && now >= stop_accepting) {
      server.stop_accepting();
      stopped = true;
    }
    if (stopped && !server.accepting() && server.open_connections() == 0) co_return;
    if (now >= deadline) break;
    if (now >= next_report) {
      report(log, LogLevel::Info, "still draining", server.open_work(), deadline);
      next_report += kReport;
    }
    pause.expires_after(kDrainPoll);
    co_await pause.async_wait(quietly);
  }
  report(log, LogLevel::Warn, "drain is over, what is open is cut", server.open_work(), deadline);
}

}  // namespace frontdoor
