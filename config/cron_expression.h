// The five fields of `cron_restart`, as cron(8) reads them: "30 4 * * mon-fri". Read here, so that what is wrong with
// one is said when the config is; when it comes next is supervisor/triggers/cron_schedule.h's. Pure.

#pragma once

#include <bitset>
#include <boost/system/result.hpp>
#include <string>
#include <string_view>

namespace frontdoor::config {

struct CronExpression {
  std::bitset<60> minutes;
  std::bitset<24> hours;
  std::bitset<32> days;      // 1 to 31
  std::bitset<13> months;    // 1 to 12
  std::bitset<7> weekdays;   // 0 is Sunday
  // As cron has it: when one of the two begins with *, the other alone decides; else either will do.
  bool any_day = false;
  bool any_weekday = false;

  // `weekday`: 0 is Sunday.
  bool has_day(unsigned month, unsigned day, unsigned weekday) const;
  bool operator==(const CronExpression&) const = default;
};

struct CronError {
  std::string what;  // and what would be right
};

boost::system::result<CronExpression, CronError> parse_cron(std::string_view text);

std::string cron_problem(std::string_view text);  // "" is none

}  // namespace frontdoor::config
