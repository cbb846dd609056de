#include "supervisor/triggers/cron_trigger.h"

#include <algorithm>
#include <chrono>

#include "supervisor/triggers/cron_schedule.h"

namespace frontdoor {

namespace {

// How long a clock that was set, or a machine that slept, stays unnoticed.
constexpr Duration kLongestWait = std::chrono::seconds(20);

Duration since_1970() { return std::chrono::system_clock::now().time_since_epoch(); }
std::int64_t unix_seconds() { return std::chrono::duration_cast<std::chrono::seconds>(since_1970()).count(); }

}  // namespace

boost::asio::awaitable<void> CronRestarts::run([[maybe_unused]] std::shared_ptr<Trigger> self) {
  const auto expression = config::parse_cron(expression_);
  if (!expression) co_return;
  const UtcOffset zone = local_time_zone();
  CronTrigger trigger(CronSchedule(*expression, zone), unix_seconds());
  const auto tell_next = [&] {
    const std::string next = trigger.next() ? format_local_minute(*trigger.next(), zone) : "never";
    context_.log.info("next cron restart", {{"pool", pool_}, {"cron_restart", expression_}, {"next", next}});
  };
  tell_next();
  for (;;) {
    if (!due_) {
      Duration left = kLongestWait;
      if (trigger.next()) left = std::min<Duration>(left, std::chrono::seconds(*trigger.next()) - since_1970());
      const bool goes_on = co_await wait_until(Clock::now() + std::max<Duration>(left, Millis(1)));
      if (!goes_on) co_return;
      if (!trigger.due(unix_seconds())) continue;
      due_ = true;
    }
    const std::string reason = "cron_restart " + expression_;
    if (may_roll())
      co_await context_.supervisor.restart(pool_, std::nullopt, RestartHow::Rolling, reason, RestartWith::Served);
    due_ = false;
    tell_next();
  }
}

}  // namespace frontdoor
