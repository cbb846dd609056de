// When a cron expression comes next, in local time, and whether it has come. What the clock's changes do to it is
// decided here (docs/adr/0019-triggers.md). Pure: seconds since 1970 come in as an argument, the time zone as a function.
//
// A time that summer time's beginning skips comes at the first moment after it; one that its end repeats comes the first
// time only. Unless the expression names every hour: then it simply goes on.

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "config/cron_expression.h"

namespace frontdoor {

// How far local time is ahead of UTC at a moment, in seconds.
using UtcOffset = std::function<std::int64_t(std::int64_t unix_seconds)>;

UtcOffset local_time_zone();  // of this process: TZ, else /etc/localtime
// "2026-11-29T04:30+01:00"
std::string format_local_minute(std::int64_t unix_seconds, const UtcOffset& zone);

class CronSchedule {
 public:
  CronSchedule(const config::CronExpression& expression, UtcOffset zone);

  // The first such minute that begins after `after`; nothing when none comes within nine years.
  std::optional<std::int64_t> next(std::int64_t after) const;

 private:
  bool matches(std::int64_t local_minute) const;
  bool matches_day(std::int64_t local_day) const;
  bool skipped_into(std::int64_t moment) const;
  bool repeats(std::int64_t moment) const;

  config::CronExpression expression_;
  UtcOffset zone_;
  bool every_hour_;
};

// Asked from time to time whether it is due. Times that went by while nobody asked (the machine slept) make one.
class CronTrigger {
 public:
  CronTrigger(CronSchedule schedule, std::int64_t now);

  bool due(std::int64_t now);
  std::optional<std::int64_t> next() const { return next_; }

 private:
  CronSchedule schedule_;
  std::optional<std::int64_t> next_;
  std::int64_t last_look_;
};

}  // namespace frontdoor
