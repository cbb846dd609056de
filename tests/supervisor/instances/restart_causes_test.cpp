// When a hung instance is replaced, what a crash loop is told to have in common, and what is remembered of a process
// over a crash of the front door.

#include <gtest/gtest.h>

#include "supervisor/instances/crash_cause.h"
#include "supervisor/instances/hung_watch.h"
#include "supervisor/instances/instance_memo.h"

namespace frontdoor {
namespace {

using namespace std::chrono_literals;

TEST(HungWatch, TheVerdictMustLast) {
  HungWatch watch;
  const TimePoint now = Clock::now();
  EXPECT_FALSE(watch.look(1, std::nullopt, 10s, now));
  EXPECT_FALSE(watch.look(1, now, 10s, now + 9s));
  EXPECT_FALSE(watch.look(1, std::nullopt, 10s, now + 10s)) << "it has woken up";
  EXPECT_FALSE(watch.look(1, now + 11s, 10s, now + 20s));
  EXPECT_TRUE(watch.look(1, now + 11s, 10s, now + 21s));
  EXPECT_FALSE(watch.look(1, now + 11s, 10s, now + 22s)) << "once";
  EXPECT_TRUE(watch.look(2, now, 10s, now + 22s)) << "each has its own";
}

TEST(HungWatch, ZeroIsNever) {
  HungWatch watch;
  EXPECT_FALSE(watch.look(1, TimePoint{}, 0s, Clock::now()));
}

TEST(HungWatch, WhatCouldNotBeReplacedIsTriedAgainMoreAndMoreSeldom) {
  HungWatch watch;
  const TimePoint since = Clock::now();
  Duration before{};
  TimePoint now = since + 10s;
  ASSERT_TRUE(watch.look(1, since, 10s, now));
  for (int i = 0; i < 12; ++i) {
    const TimePoint last = now;
    while (!watch.look(1, since, 10s, now)) now += 1s;
    EXPECT_GE(now - last, before);
    EXPECT_LE(now - last, HungWatch::kLongestPause + 1s);
    before = now - last;
  }
  EXPECT_GE(before, HungWatch::kLongestPause - 1s);
}

TEST(CrashCause, IsTheKindThatWasThereEachTime) {
  const Casualty read{"GET /read", "1", 7};
  const Casualty other_read{"GET /read/2", "2", 7};
  const Casualty home{"GET /", "3", 8};
  CrashCause cause;
  EXPECT_EQ(cause.common(1), "");
  cause.ended({home, read});
  cause.ended({other_read});
  EXPECT_EQ(cause.common(2), "GET /read/2");
  EXPECT_EQ(cause.common(3), "") << "it has not ended so often";
  cause.ended({home});
  EXPECT_EQ(cause.common(3), "");
  EXPECT_EQ(cause.common(1), "GET /");
  cause.ended({});
  EXPECT_EQ(cause.common(1), "") << "it dies of itself";
  EXPECT_EQ(cause.common(0), "");
}

TEST(CrashCause, IsBounded) {
  CrashCause cause;
  for (int i = 0; i < 1'000; ++i) cause.ended({{"GET /read", std::to_string(i), 7}});
  EXPECT_EQ(cause.common(1'000), "GET /read");
}

TEST(InstanceMemo, IsFoundAgainAsItWas) {
  config::Launch launch;
  launch.command = {"node", "a b.js\nc"};
  launch.env = {{"A", "1"}};
  const InstanceMemo memo{"app", 2, *Endpoint::numeric("127.0.0.1", 24001), "0123abcd", launch_text(launch)};
  EXPECT_EQ(parse_memo(to_text(memo)), memo);
}

TEST(InstanceMemo, WhatIsNoneIsNone) {
  for (const char* text : {"", "app\n", "app\n1\n", "app\none\n127.0.0.1:24001\nlife\nlaunch", "app\n1\nnowhere\nlife\nlaunch",
                           "app\n1x\n127.0.0.1:24001\nlife\nlaunch"})
    EXPECT_FALSE(parse_memo(text)) << text;
}

TEST(LaunchText, TellsEachThingThatAProcessIsStartedWith) {
  const config::Launch plain{.command = {"node", "server.js"}};
  std::vector<config::Launch> others(6, plain);
  others[0].command = {"node server.js"};
  others[1].directory = "/srv";
  others[2].env = {{"A", "1"}};
  others[3].kill_mode = config::Launch::KillMode::Process;
  others[4].port = config::Launch::Port::Unix;
  others[5].command = {"node", "server.js", ""};
  for (const config::Launch& other : others) EXPECT_NE(launch_text(plain), launch_text(other));
}

TEST(LaunchText, IsReadAsItWasWritten) {
  const config::Launch plain{.command = {"node", "server.js"}};
  std::vector<config::Launch> launches(7, plain);
  launches[1].directory = "/srv";
  launches[2].env = {{"A", "1=2"}, {"EMPTY", ""}};
  launches[2].file_env = {{"B", "x y\nz"}};
  launches[3].kill_mode = config::Launch::KillMode::Process;
  launches[3].port = config::Launch::Port::None;
  launches[3].ready = config::Launch::Ready::Notify;
  launches[4].account = config::Account{.uid = 33, .gid = 34, .groups = {34, 4}, .name = "www", .home = "/var", .shell = "/bin/sh"};
  launches[5].account = config::Account{.uid = 0, .gid = 34};  // another group alone
  launches[5].umask = "022";
  launches[6].rlimits = {{.resource = 7, .soft = 100, .hard = 18'446'744'073'709'551'615U}};
  for (const config::Launch& launch : launches) EXPECT_EQ(parse_launch(launch_text(launch)), launch) << launch_text(launch);
}

TEST(LaunchText, WhatThisProgramHasNotWrittenIsNotRead) {
  config::Launch odd{.command = {"node", "", "x"}};  // its words can not be told from what is behind them
  for (const std::string& text : {std::string(), std::string("node"), std::string(100, 'x'), launch_text(odd),
                                  launch_text({.command = {"node"}}) + "x"})
    EXPECT_FALSE(parse_launch(text)) << text;
}

TEST(LaunchText, NamesTheKeysInWhichTwoDiffer) {
  const config::Launch plain{.command = {"node", "server.js"}};
  config::Launch other = plain;
  EXPECT_EQ(differing_keys(plain, other), "");
  other.env = {{"A", "1"}};
  EXPECT_EQ(differing_keys(plain, other), "env");
  other.command = {"bun", "server.js"};
  other.rlimits = {{.name = "nofile", .resource = 7, .soft = 1, .hard = 1}};
  EXPECT_EQ(differing_keys(plain, other), "command, env, rlimits");
  const auto read = parse_launch(launch_text(other));  // which knows no names of limits
  ASSERT_TRUE(read);
  EXPECT_EQ(differing_keys(*read, other), "");
}

}  // namespace
}  // namespace frontdoor
