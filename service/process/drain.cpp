#include "service/process/drain.h"

#include <algorithm>
#include <utility>

#include "base/quietly.h"
#include "config/units.h"
#include "proxy/server/port_holder.h"

namespace frontdoor {

namespace {

namespace asio = boost::asio;
constexpr Millis kDrainPoll{10};
constexpr Millis kReport{5'000};
constexpr Millis kForIdle{3'000};  // of the end of a drain: for those whose next request has not come

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

asio::awaitable<void> drain_beside(Server& server, Log& log, config::Timeouts timeouts, std::vector<ListenerId> ending) {
  const TimePoint now = Clock::now();
  const TimePoint deadline = now + timeouts.drain;
  const TimePoint half = now + timeouts.drain / 2;
  const TimePoint last_words = deadline - std::min<Duration>(kForIdle, timeouts.drain / 2);
  TimePoint next_report = now + kReport;
  bool idle_closed = false;
  asio::steady_timer pause(co_await asio::this_coro::executor);
  say_that_we_leave();
  server.drain({half, deadline});
  server.hand_over(ending);
  while (Clock::now() < deadline) {
    if (!server.accepting() && server.open_connections() == 0) co_return;
    if (Clock::now() >= last_words && !std::exchange(idle_closed, true)) server.close_idle();
    if (Clock::now() >= next_report) {
      report(log, LogLevel::Info, "still draining", server.open_work(), deadline);
      next_report += kReport;
    }
    pause.expires_after(kDrainPoll);
    co_await pause.async_wait(quietly);
  }
  report(log, LogLevel::Warn, "drain is over, what is open is cut", server.open_work(), deadline);
}

}  // namespace frontdoor
