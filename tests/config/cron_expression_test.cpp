// What a cron expression means, and what is said about one that means nothing.

#include "config/cron_expression.h"

#include <gtest/gtest.h>

#include "support.h"

namespace frontdoor::config {
namespace {

template <std::size_t N>
std::string numbers(const std::bitset<N>& set) {
  std::string text;
  for (std::size_t i = 0; i < N; ++i)
    if (set.test(i)) text += (text.empty() ? "" : ",") + std::to_string(i);
  return text;
}

TEST(CronExpression, AFieldIsASetOfNumbers) {
  const struct {
    const char* text;
    const char *minutes, *hours, *days, *months, *weekdays;
  } cases[] = {
      {"0 4 1 1 0", "0", "4", "1", "1", "0"},
      {"5,35 0-3 1-10/3,31 feb,DEC mon-fri", "5,35", "0,1,2,3", "1,4,7,10,31", "2,12", "1,2,3,4,5"},
      {"*/20 */12 */15 */6 */3", "0,20,40", "0,12", "1,16,31", "1,7", "0,3,6"},
      {"10-50/20 22-23 1 jan-mar 7", "10,30,50", "22,23", "1", "1,2,3", "0"},
      {" 0\t4  1 1 5-7 ", "0", "4", "1", "1", "0,5,6"},
      {"0-4/59 1-1 9 Sep Sun,Sat", "0", "1", "9", "9", "0,6"},
      {"@yearly", "0", "0", "1", "1", "0,1,2,3,4,5,6"},
      {"@annually", "0", "0", "1", "1", "0,1,2,3,4,5,6"},
      {"@monthly", "0", "0", "1", "1,2,3,4,5,6,7,8,9,10,11,12", "0,1,2,3,4,5,6"},
  };
  for (const auto& c : cases) {
    const auto cron = parse_cron(c.text);
    ASSERT_TRUE(cron) << c.text << ": " << cron.error().what;
    EXPECT_EQ(numbers(cron->minutes), c.minutes) << c.text;
    EXPECT_EQ(numbers(cron->hours), c.hours) << c.text;
    EXPECT_EQ(numbers(cron->days), c.days) << c.text;
    EXPECT_EQ(numbers(cron->months), c.months) << c.text;
    EXPECT_EQ(numbers(cron->weekdays), c.weekdays) << c.text;
  }
}

TEST(CronExpression, WordsStandForFields) {
  const struct {
    const char *word, *fields;
  } cases[] = {{"@weekly", "0 0 * * 0"}, {"@daily", "0 0 * * *"}, {"@midnight", "0 0 * * *"}, {"@Hourly", "0 * * * *"}};
  for (const auto& c : cases) EXPECT_EQ(*parse_cron(c.word), *parse_cron(c.fields)) << c.word;
}

TEST(CronExpression, OfDayAndWeekdayEitherWillDoUnlessOneIsAStar) {
  const struct {
    const char* text;
    unsigned month, day, weekday;
    bool has;
  } cases[] = {
      {"0 0 13 * fri", 3, 13, 1, true},  {"0 0 13 * fri", 3, 12, 5, true},   {"0 0 13 * fri", 3, 12, 4, false},
      {"0 0 13 * *", 3, 13, 1, true},    {"0 0 13 * *", 3, 12, 5, false},    {"0 0 * * fri", 3, 12, 5, true},
      {"0 0 * * fri", 3, 13, 6, false},  {"0 0 */2 * fri", 3, 13, 5, true},  {"0 0 */2 * fri", 3, 12, 5, false},
      {"0 0 13 4 fri", 3, 13, 5, false}, {"0 0 * * *", 2, 29, 0, true},
  };
  for (const auto& c : cases)
    EXPECT_EQ(parse_cron(c.text)->has_day(c.month, c.day, c.weekday), c.has) << c.text << ' ' << c.day;
}

TEST(CronExpression, WhatIsWrongWithOne) {
  const std::string five = "write five fields: minute, hour, day, month and weekday, as in \"30 4 * * *\"";
  const struct {
    std::string text, problem;
  } cases[] = {
      {"0 4 * *", five},
      {"   ", five},
      {"0 0 4 * * *", five + "; there is none for seconds, and none for a command"},
      {"60 4 * * *", "60 is no minute, which goes from 0 to 59"},
      {"0 24 * * *", "24 is no hour, which goes from 0 to 23"},
      {"0 4 0 * *", "0 is no day, which goes from 1 to 31"},
      {"0 4 * 13 *", "13 is no month, which goes from 1 to 12"},
      {"0 4 * * 8", "8 is no weekday, which goes from 0 to 7"},
      {"0 4 * * mom", "\"mom\" is no weekday, did you mean \"mon\"?"},
      {"0 4 * * Monday", "\"Monday\" is no weekday, did you mean \"mon\"?"},
      {"0 4 * juni *", "\"juni\" is no month, did you mean \"jun\"?"},
      {"0 4 ? * mon", "\"?\" is no day: write *"},
      {"0 4 L * *", "\"L\" is no day, which is a number from 1 to 31"},
      {"-5 4 * * *", "\"\" is no minute, which is a number from 0 to 59"},
      {"1,,2 4 * * *", "\"\" is no minute, which is a number from 0 to 59"},
      {"*/0 4 * * *", "a step is a number above 0, as in */5, not \"0\""},
      {"*/ 4 * * *", "a step is a number above 0, as in */5, not \"\""},
      {"*/90 4 * * *", "a step of 90 is longer than all minutes, which go from 0 to 59"},
      {"5/10 4 * * *", "\"5/10\": a step needs a range, as in 5-59/10"},
      {"0 4 * * fri-mon", "\"fri-mon\" goes backwards: write fri-6,0-mon"},
      {"0 22-4 * * *", "\"22-4\" goes backwards: write 22-23,0-4"},
      {"0 4 31 2,4 *", "none of these months has such a day"},
      {"@dayly", "did you mean \"@daily\"?"},
      {"@reboot", "instances start with frontdoor anyway"},
      {"@", "write \"@yearly\", \"@annually\", \"@monthly\", \"@weekly\", \"@daily\", \"@midnight\" or \"@hourly\""},
  };
  for (const auto& c : cases) EXPECT_EQ(cron_problem(c.text), c.problem) << c.text;
  EXPECT_EQ(cron_problem(""), "");
  EXPECT_EQ(cron_problem("0 4 29 2 *"), "");
  EXPECT_EQ(cron_problem("0 4 31 2 mon"), "");
}

TEST(CronExpression, AWrongOneIsAnErrorOfTheConfig) {
  EXPECT_THAT(problems("listen = \":8080\"\n[pool.app]\ncommand = \"app\"\ncron_restart = \"0 25 * * *\"\n"),
              ::testing::ElementsAre("fd.toml:4:16: cron_restart: \"0 25 * * *\" will not do: 25 is no hour, which goes "
                                   "from 0 to 23"));
}

}  // namespace
}  // namespace frontdoor::config
