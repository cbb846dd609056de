// Which patterns `watch` and `watch_ignore` take.

#include "config/watch_pattern.h"

#include <gtest/gtest.h>

#include "config/show.h"
#include "support.h"

namespace frontdoor::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(WatchPattern, BracesStandForSeveral) {
  EXPECT_THAT(expand_braces("a.js"), ElementsAre("a.js"));
  EXPECT_THAT(expand_braces("a.{js,ts}"), ElementsAre("a.js", "a.ts"));
  EXPECT_THAT(expand_braces("{a,b}/{c,}d"), ElementsAre("a/cd", "a/d", "b/cd", "b/d"));
  EXPECT_THAT(expand_braces("a{"), ElementsAre("a{"));
}

TEST(WatchPattern, GoodOnes) {
  for (const char* good : {".", "src", "./src/", "/srv/app", "../shared/*.json", "src/**/*.js", "**", "a[]x].js",
                           "a[!]].js", "{a,b}.js", ".env", "a?.js", "x..y"})
    EXPECT_EQ(watch_pattern_problem(good), "") << good;
}

TEST(WatchPattern, WhatIsWrongWithOne) {
  const struct {
    std::string_view pattern, problem;
  } cases[] = {
      {"", "write \".\" for all of the pool's directory"},
      {"!src/x.js", "what is not to be watched stands in watch_ignore"},
      {"a[bc.js", "the [ is not closed"},
      {"a[].js", "the [ is not closed"},
      {"a{b,c", "the { is not closed"},
      {"{a,{b,c}}", "a { stands inside of another one"},
      {"{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}", "its braces stand for more than 100 patterns"},
      {"src/*/../x", "\"..\" can not stand behind a *"},
      {"src/**.js", "** stands alone between slashes: write \"**/*.js\""},
      {"src/lib**.js", "** stands alone between slashes: write \"lib/**/*.js\""},
      {std::string_view("a\0b", 3), "a path has no NUL byte"},
  };
  for (const auto& c : cases) EXPECT_EQ(watch_pattern_problem(c.pattern), c.problem) << c.pattern;
  EXPECT_EQ(watch_ignore_problem(""), "write the name of a file or directory, or a pattern as in \"*.log\"");
  EXPECT_EQ(watch_ignore_problem("!x"), "what is to be watched stands in watch");
  EXPECT_EQ(watch_ignore_problem("a[b"), "the [ is not closed");
}

TEST(WatchPattern, WhatIsWrongInAConfig) {
  std::string many;
  for (int i = 0; i < 101; ++i) many += "\"a\",";
  const struct {
    std::string line, problem;
  } cases[] = {
      {"watch = \"src\"", "fd.toml:4:9: watch: this is a list: write [\"src\"]"},
      {"watch = true", "fd.toml:4:9: watch: write which files, as in [\".\"] for all of the pool's directory"},
      {"watch = 7", "fd.toml:4:9: watch: expected a list as in [\"src/**/*.js\"], not an integer"},
      {"watch = [7]", "fd.toml:4:10: watch: expected a list as in [\"src/**/*.js\"], not an integer"},
      {"watch = [\"src\", \"!x\"]",
       "fd.toml:4:17: watch: \"!x\" will not do: what is not to be watched stands in watch_ignore"},
      {"watch = [\".\"]\nwatch_ignore = [\"\"]",
       "fd.toml:5:17: watch_ignore: \"\" will not do: write the name of a file or directory, or a pattern as in "
       "\"*.log\""},
      {"watch = [" + many + "]", "fd.toml:4:9: watch: at most 100 patterns can be watched"},
      {"watch_ignore = [\"tmp\"]",
       "fd.toml:2:7: warning: [pool.app] watch_ignore has no effect without watch"},
      {"idle_stop = \"10m\"\nhold = { timeout = \"0s\" }",
       "fd.toml:2:7: warning: [pool.app] idle_stop stops the instances, and without [pool.app.hold] timeout the "
       "request that starts them again is answered 503"},
      {"idle_stop = \"10m\"\nhold = { timeout = \"5s\" }\nstart_timeout = \"1m\"", ""},
  };
  for (const auto& c : cases) {
    const auto found = problems("listen = \":8080\"\n[pool.app]\ncommand = \"app\"\n" + c.line);
    if (c.problem.empty())
      EXPECT_THAT(found, ElementsAre()) << c.line;
    else
      EXPECT_THAT(found, ElementsAre(c.problem)) << c.line;
  }
}

TEST(WatchPattern, IsShown) {
  const Loaded loaded = load(
      "listen = \":8080\"\n[pool.app]\ncommand = \"app\"\nwatch = [\"src/**/*.js\", \".env\"]\n"
      "watch_ignore = [\"*.log\"]\nmax_memory = \"512MiB\"\ncron_restart = \"30 4 * * *\"\nidle_stop = \"15m\"",
      "fd.toml");
  ASSERT_THAT(lines(loaded), ElementsAre());
  const Process& process = loaded.config.pools.front().process;
  EXPECT_THAT(process.watch, ElementsAre("src/**/*.js", ".env"));
  EXPECT_THAT(process.watch_ignore, ElementsAre("*.log"));
  EXPECT_EQ(process.max_memory, 512u << 20);
  EXPECT_EQ(process.cron_restart, "30 4 * * *");
  EXPECT_EQ(process.idle_stop, Millis(900'000));
  const std::string shown = show(loaded.config);
  for (const char* line : {"watch = [\"src/**/*.js\", \".env\"]", "watch_ignore = [\"*.log\"]",
                           "max_memory = \"512MiB\"", "cron_restart = \"30 4 * * *\"", "idle_stop = \"15m\""})
    EXPECT_THAT(shown, HasSubstr(line));
  EXPECT_TRUE(load(shown, "shown").ok());
}

}  // namespace
}  // namespace frontdoor::config
