// When a cron expression comes, through all that clocks do.

#include "supervisor/triggers/cron_schedule.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <ctime>

namespace frontdoor {
namespace {

constexpr std::int64_t kHour = 3'600;

std::int64_t utc(const char* text) {
  std::tm parts{};
  const char* const end = ::strptime(text, "%Y-%m-%d %H:%M:%S", &parts);
  EXPECT_TRUE(end != nullptr && *end == '\0') << text;
  return ::timegm(&parts);
}

UtcOffset fixed(std::int64_t offset) {
  return [offset](std::int64_t) { return offset; };
}

// An hour ahead, two from 29 March 2026 01:00 UTC (02:00 becomes 03:00) to 25 October 01:00 UTC (03:00 becomes 02:00).
UtcOffset berlin() {
  return [summer = utc("2026-03-29 01:00:00"), winter = utc("2026-10-25 01:00:00")](std::int64_t moment) {
    return moment >= summer && moment < winter ? 2 * kHour : kHour;
  };
}

CronSchedule schedule(const char* expression, UtcOffset zone) {
  return {*config::parse_cron(expression), std::move(zone)};
}

std::string next(const char* expression, const char* after, const UtcOffset& zone) {
  const auto moment = schedule(expression, zone).next(utc(after));
  return moment ? format_local_minute(*moment, zone) : "never";
}

TEST(CronSchedule, ComesNext) {
  const struct {
    const char *expression, *after, *next;
  } cases[] = {
      {"30 4 * * *", "2026-11-28 04:29:59", "2026-11-28T04:30+00:00"},
      {"30 4 * * *", "2026-11-28 04:30:00", "2026-11-29T04:30+00:00"},
      {"*/15 * * * *", "2026-11-28 04:31:00", "2026-11-28T04:45+00:00"},
      {"* * * * *", "2026-11-28 04:31:59", "2026-11-28T04:32+00:00"},
      {"0 0 1 1 *", "2026-01-01 00:00:00", "2027-01-01T00:00+00:00"},
      {"0 0 29 2 *", "2026-11-28 00:00:00", "2028-02-29T00:00+00:00"},
      {"0 0 29 2 *", "2097-01-01 00:00:00", "2104-02-29T00:00+00:00"},  // 2100 has none
      {"0 9 * * mon", "2026-11-28 00:00:00", "2026-11-30T09:00+00:00"},
      {"0 9 1 * mon", "2026-11-28 00:00:00", "2026-11-30T09:00+00:00"},
      {"0 9 1 * mon", "2026-11-30 10:00:00", "2026-12-01T09:00+00:00"},
      {"0 9 31 4,5 *", "2026-04-01 00:00:00", "2026-05-31T09:00+00:00"},
      {"@weekly", "2026-11-28 12:00:00", "2026-11-29T00:00+00:00"},
  };
  for (const auto& c : cases) EXPECT_EQ(next(c.expression, c.after, fixed(0)), c.next) << c.expression << " after " << c.after;
}

TEST(CronSchedule, IsInLocalTime) {
  EXPECT_EQ(next("0 0 * * *", "2026-11-28 12:00:00", fixed(-5 * kHour - 1'800)), "2026-11-29T00:00-05:30");
  EXPECT_EQ(next("0 0 * * sun", "2026-11-28 12:00:00", fixed(14 * kHour)), "2026-12-06T00:00+14:00");
}

TEST(CronSchedule, WhenClocksArePutForward) {
  const struct {
    const char *expression, *after, *next;
  } cases[] = {
      {"30 2 * * *", "2026-03-28 12:00:00", "2026-03-29T03:00+02:00"},  // there is no 02:30: at once
      {"30 2 * * *", "2026-03-29 01:00:00", "2026-03-30T02:30+02:00"},  // and once only
      {"30 2 29 3 *", "2026-03-01 12:00:00", "2026-03-29T03:00+02:00"},
      {"30 2 * * mon", "2026-03-28 12:00:00", "2026-03-30T02:30+02:00"},  // it was not meant for that day
      {"59 1 * * *", "2026-03-28 12:00:00", "2026-03-29T01:59+01:00"},
      {"0 3 * * *", "2026-03-28 12:00:00", "2026-03-29T03:00+02:00"},
      {"0 2,3 * * *", "2026-03-29 00:30:00", "2026-03-29T03:00+02:00"},  // both are this one
      {"0 2,3 * * *", "2026-03-29 01:00:00", "2026-03-30T02:00+02:00"},
      {"30 * * * *", "2026-03-29 00:30:00", "2026-03-29T03:30+02:00"},  // each hour goes on
  };
  for (const auto& c : cases) EXPECT_EQ(next(c.expression, c.after, berlin()), c.next) << c.expression << " after " << c.after;
}

TEST(CronSchedule, WhenClocksArePutBack) {
  const struct {
    const char *expression, *after, *next;
  } cases[] = {
      {"30 2 * * *", "2026-10-24 12:00:00", "2026-10-25T02:30+02:00"},  // the first 02:30
      {"30 2 * * *", "2026-10-25 00:30:00", "2026-10-26T02:30+01:00"},  // and not the second
      {"0 3 * * *", "2026-10-25 00:00:00", "2026-10-25T03:00+01:00"},
      {"30 * * * *", "2026-10-25 00:30:00", "2026-10-25T02:30+01:00"},  // each hour, both of them
      {"*/30 1-4 * * *", "2026-10-25 00:30:00", "2026-10-25T03:00+01:00"},
  };
  for (const auto& c : cases) EXPECT_EQ(next(c.expression, c.after, berlin()), c.next) << c.expression << " after " << c.after;
}

TEST(CronSchedule, ADayThatAPlaceHasLeftOut) {
  // Samoa went from 29 to 31 December 2011.
  const UtcOffset samoa = [moved = utc("2011-12-30 10:00:00")](std::int64_t moment) {
    return moment < moved ? -10 * kHour : 14 * kHour;
  };
  EXPECT_EQ(next("0 12 30 12 *", "2011-12-29 00:00:00", samoa), "2011-12-31T00:00+14:00");
}

TEST(CronSchedule, KnowsTheTimeZoneOfThisProcess) {
  const char* const before = ::getenv("TZ");
  const std::string kept = before ? before : "";
  ::setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
  EXPECT_EQ(next("30 2 * * *", "2026-03-28 12:00:00", local_time_zone()), "2026-03-29T03:00+02:00");
  EXPECT_EQ(next("30 2 * * *", "2026-10-25 00:30:00", local_time_zone()), "2026-10-26T02:30+01:00");
  if (before) ::setenv("TZ", kept.c_str(), 1);
  else ::unsetenv("TZ");
  ::tzset();
}

TEST(CronTrigger, ComesOnceHoweverMuchWasSlept) {
  CronTrigger trigger(schedule("0 4 * * *", fixed(0)), utc("2026-11-28 03:00:00"));
  EXPECT_FALSE(trigger.due(utc("2026-11-28 03:59:59")));
  EXPECT_TRUE(trigger.due(utc("2026-11-28 04:00:00")));
  EXPECT_FALSE(trigger.due(utc("2026-11-28 04:00:01")));
  EXPECT_TRUE(trigger.due(utc("2026-12-03 17:12:00")));
  EXPECT_FALSE(trigger.due(utc("2026-12-03 17:12:01")));
  EXPECT_EQ(trigger.next(), utc("2026-12-04 04:00:00"));
}

TEST(CronTrigger, AClockThatIsCorrectedDoesNotMakeItComeTwice) {
  CronTrigger trigger(schedule("0 4 * * *", fixed(0)), utc("2026-11-28 03:00:00"));
  EXPECT_TRUE(trigger.due(utc("2026-11-28 04:00:00")));
  EXPECT_FALSE(trigger.due(utc("2026-11-28 03:59:30")));
  EXPECT_FALSE(trigger.due(utc("2026-11-28 04:00:00")));
  EXPECT_EQ(trigger.next(), utc("2026-11-29 04:00:00"));
}

TEST(CronTrigger, AClockThatWasWrongByYearsIsFollowed) {
  CronTrigger trigger(schedule("0 4 * * *", fixed(0)), utc("2062-11-28 03:00:00"));
  EXPECT_FALSE(trigger.due(utc("2026-11-28 03:00:00")));
  EXPECT_TRUE(trigger.due(utc("2026-11-28 04:00:00")));
}

}  // namespace
}  // namespace frontdoor
