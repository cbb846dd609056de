#include "supervisor/triggers/cron_schedule.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <utility>

namespace frontdoor {

namespace {

constexpr std::int64_t kMinute = 60;
constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kFarthest = 9 * 366 * kDay;     // from one 29 February to the next there may be eight years
constexpr std::int64_t kLongestRepeat = 3 * 3'600;     // of local time, when clocks are put back
constexpr std::int64_t kClockWasSet = 3'600;           // back by more: not a correction but another time

std::int64_t floor_to(std::int64_t value, std::int64_t unit) {
  const std::int64_t rest = value % unit;
  return value - (rest < 0 ? rest + unit : rest);
}

}  // namespace

UtcOffset local_time_zone() {
  ::tzset();
  return [](std::int64_t unix_seconds) {
    const auto moment = static_cast<std::time_t>(unix_seconds);
    std::tm local{};
    return ::localtime_r(&moment, &local) != nullptr ? std::int64_t{local.tm_gmtoff} : 0;
  };
}

std::string format_local_minute(std::int64_t unix_seconds, const UtcOffset& zone) {
  const std::int64_t offset = zone(unix_seconds);
  const auto local = static_cast<std::time_t>(unix_seconds + offset);
  std::tm parts{};
  ::gmtime_r(&local, &parts);
  std::array<char, 80> text;
  const std::int64_t away = offset < 0 ? -offset : offset;
  std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d%c%02d:%02d", parts.tm_year + 1900,
                parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, offset < 0 ? '-' : '+',
                static_cast<int>(away / 3'600), static_cast<int>(away / 60 % 60));
  return text.data();
}

CronSchedule::CronSchedule(const config::CronExpression& expression, UtcOffset zone)
    : expression_(expression), zone_(std::move(zone)), every_hour_(expression.hours.all()) {}

bool CronSchedule::matches_day(std::int64_t local_day) const {
  namespace chrono = std::chrono;
  const chrono::sys_days day{chrono::days(local_day)};
  const chrono::year_month_day date{day};
  return expression_.has_day(static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                             chrono::weekday(day).c_encoding());
}

bool CronSchedule::matches(std::int64_t local) const {
  const std::int64_t midnight = floor_to(local, kDay);
  const auto minute = static_cast<std::size_t>((local - midnight) / kMinute);
  return expression_.hours.test(minute / 60) && expression_.minutes.test(minute % 60) &&
         matches_day(midnight / kDay);
}

// Whether the clocks were put forward to this moment, over a minute that was meant.
bool CronSchedule::skipped_into(std::int64_t moment) const {
  const std::int64_t before = moment - kMinute;
  const std::int64_t first = floor_to(before + zone_(before), kMinute) + kMinute;
  const std::int64_t end = floor_to(moment + zone_(moment), kMinute);
  for (std::int64_t local = first; local < end; local += kMinute)
    if (matches(local)) return true;
  return false;
}

// Whether the clocks have shown this local time before.
bool CronSchedule::repeats(std::int64_t moment) const {
  const std::int64_t offset = zone_(moment);
  for (std::int64_t back = kMinute; back <= kLongestRepeat; back += kMinute)
    if (zone_(moment - back) == offset + back) return true;
  return false;
}

std::optional<std::int64_t> CronSchedule::next(std::int64_t after) const {
  const std::int64_t first = floor_to(after, kMinute) + kMinute;
  for (std::int64_t moment = first; moment < first + kFarthest;) {
    const std::int64_t offset = zone_(moment);
    const std::int64_t local = floor_to(moment + offset, kMinute);
    if (!every_hour_ && zone_(moment - kMinute) < offset && skipped_into(moment)) return moment;
    const std::int64_t midnight = floor_to(local, kDay);
    if (matches_day(midnight / kDay)) {
      if (matches(local) && (every_hour_ || !repeats(moment))) return moment;
    } else if (const std::int64_t tomorrow = moment + (midnight + kDay - local); zone_(tomorrow) == offset) {
      moment = tomorrow;  // nothing happens to the clocks until then
      continue;
    }
    moment += kMinute;
  }
  return std::nullopt;
}

CronTrigger::CronTrigger(CronSchedule schedule, std::int64_t now)
    : schedule_(std::move(schedule)), next_(schedule_.next(now)), last_look_(now) {}

bool CronTrigger::due(std::int64_t now) {
  const bool was_set_back = now < last_look_ - kClockWasSet;
  last_look_ = now;
  const bool has_come = next_ && now >= *next_;
  if (has_come || was_set_back) next_ = schedule_.next(now);
  return has_come;
}

}  // namespace frontdoor
