// What a config says of a pool's instances: read, shown again, and what is wrong with it.

#include "config/process_values.h"

#include <csignal>

#include "config/show.h"
#include "support.h"

namespace frontdoor::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

Process process_of(const std::string& pool) {
  const Loaded loaded = load("listen = \":8080\"\n[pool.app]\n" + pool, "fd.toml", options_with({}));
  EXPECT_THAT(lines(loaded), ElementsAre()) << pool;
  return loaded.config.pools.front().process;
}

TEST(Process, ACommandIsTextOrWords) {
  EXPECT_THAT(process_of("command = \"node 'my server.js'\"").command, ElementsAre("node", "my server.js"));
  EXPECT_THAT(process_of("command = [\"node\", \"my server.js\"]").command,
              ElementsAre("node", "my server.js"));
}

TEST(Process, HasItsDefaults) {
  Process expected;
  expected.command = {"app"};
  EXPECT_EQ(process_of("command = \"app\""), expected);
}

TEST(Process, SaysAllOfIt) {
  const Process process = process_of(
      "command = \"app\"\ndirectory = \"/srv\"\ninstances = \"max\"\nenv = { B = \"2\", A = \"1\" }\n"
      "start_timeout = \"5s\"\nmax_starting = 1\nstop_signal = \"SIGINT\"\nstop_timeout = \"1s\"\n"
      "kill_mode = \"process\"\nhung_grace = \"2s\"\nhung_signal = \"SIGUSR2\"\nport = \"unix\"\nrestart = { policy = \"on_failure\", crash_loop_after = 2, share = \"50%\" }");
  EXPECT_EQ(process.directory, "/srv");
  EXPECT_EQ(process.instances, 0u);
  EXPECT_THAT(process.env, ElementsAre(Pair("B", "2"), Pair("A", "1")));
  EXPECT_EQ(process.start_timeout, Millis(5'000));
  EXPECT_EQ(process.max_starting, 1u);
  EXPECT_EQ(process.stop_signal, "SIGINT");
  EXPECT_EQ(process.stop_timeout, Millis(1'000));
  EXPECT_EQ(process.kill_mode, Process::KillMode::Process);
  EXPECT_EQ(process.port, Process::Port::Unix);
  EXPECT_EQ(process.restart.policy, Restart::Policy::OnFailure);
  EXPECT_EQ(process.restart.crash_loop_after, 2u);
  EXPECT_EQ(process.restart.share, 0.5);
  EXPECT_EQ(process.hung_grace, Millis(2'000));
  EXPECT_EQ(process.hung_signal, "SIGUSR2");
}

TEST(Process, IsShownWithoutTheValuesOfItsVariables) {
  const Loaded loaded =
      load("listen = \":8080\"\n[pool.app]\ncommand = \"app\"\nenv = { TOKEN = \"secret\" }", "fd.toml");
  const std::string shown = show(loaded.config);
  EXPECT_THAT(shown, HasSubstr("command = [\"app\"]"));
  EXPECT_THAT(shown, HasSubstr("env = { TOKEN = \"***\" }"));
  EXPECT_THAT(shown, Not(HasSubstr("secret")));
  EXPECT_THAT(shown, HasSubstr("[pool.app.restart]"));
}

TEST(Process, APoolWithoutACommandShowsNothingOfIt) {
  const Loaded loaded = load(Around{}.text(), "fd.toml");
  EXPECT_THAT(show(loaded.config), Not(HasSubstr("stop_signal")));
  EXPECT_THAT(show(loaded.config), Not(HasSubstr("restart")));
}

TEST(Process, MayStandBesideUpstreams) {
  const Loaded loaded = load(Around{.in_pool = "command = \"app\""}.text(), "fd.toml");
  EXPECT_TRUE(loaded.ok());
  EXPECT_EQ(loaded.config.pools.front().upstreams.size(), 1u);
}

TEST(Process, WhatIsWrongWithIt) {
  const struct {
    std::string line, problem;
  } cases[] = {
      {"command = \"node a.js | tee log\"",
       "fd.toml:3:11: command: \"node a.js | tee log\" will not do: | needs a shell: [\"sh\", \"-c\", "
       "\"…\"]"},
      {"command = \"node 'a.js\"",
       "fd.toml:3:11: command: \"node 'a.js\" will not do: the quote ' is not closed"},
      {"command = \"node a.js \\\\\"",
       "fd.toml:3:11: command: \"node a.js \\\\\" will not do: a \\ with nothing behind it"},
      {"command = \"\"", "fd.toml:3:11: command: \"\" will not do: there is no command in it"},
      {"command = []", "fd.toml:3:11: command: there is no command in it"},
      {"command = 7", "fd.toml:3:11: command: expected a command as in \"node server.js\", not an integer"},
      {"command = [\"node\", 7]",
       "fd.toml:3:20: command: expected a list of words as in [\"node\", \"server.js\"], not an integer"},
      {"command = [\"a\\u0000b\"]", "fd.toml:3:11: command: a word of a command has no NUL in it"},
      {"command = \"app\"\ninstances = \"all\"",
       "fd.toml:4:13: instances: expected an integer or \"max\", not a string"},
      {"command = \"app\"\nenv = [\"A=1\"]",
       "fd.toml:4:7: env: expected a table as in { NODE_ENV = \"production\" }, not a list"},
      {"command = \"app\"\nenv = { A = 1 }", "fd.toml:4:13: env.A: expected text, not an integer"},
      {"command = \"app\"\nenv = { \"A=B\" = \"1\" }",
       "fd.toml:4:9: env: \"A=B\" will not do: the name of a variable has no ="},
      {"command = \"app\"\nenv = { A = \"\\u0000\" }", "fd.toml:4:13: env.A: a variable has no NUL in it"},
      {"command = \"app\"\nenv = { PORT = \"80\" }",
       "fd.toml:4:9: warning: env: PORT has no effect: frontdoor chooses it for each instance, so that no "
       "two listen on the same"},
      {"command = \"app\"\nstop_signal = \"SIGSTOPP\"",
       "fd.toml:4:15: stop_signal: \"SIGSTOPP\" will not do: write the name of a signal, as in \"SIGTERM\" "
       "or \"SIGINT\""},
      {"command = \"app\"\nhung_signal = \"USR9\"",
       "fd.toml:4:15: hung_signal: \"USR9\" will not do: write the name of a signal, as in \"SIGTERM\" or \"SIGINT\""},
      {"", "fd.toml:2:7: [pool.app] has no upstreams: add upstreams = [\"127.0.0.1:3000\"], or a command"},
      {"upstreams = [\"10.0.0.1:80\"]\ninstances = 2",
       "fd.toml:4:13: warning: \"instances\" has no effect in [pool.app]: it is about instances, and the "
       "pool has no command"},
  };
  for (const auto& c : cases)
    EXPECT_THAT(problems("listen = \":8080\"\n[pool.app]\n" + c.line), ElementsAre(c.problem)) << c.line;
}

TEST(Process, SignalsHaveNames) {
  EXPECT_EQ(parse_signal("SIGTERM"), SIGTERM);
  EXPECT_EQ(parse_signal("INT"), SIGINT);
  EXPECT_EQ(parse_signal("15"), SIGTERM);
  for (const char* none : {"", "SIG", "TERMS", "0", "-1", "999", "15x"})
    EXPECT_FALSE(parse_signal(none)) << none;
}

TEST(Process, APoolIsNotCalledLikeAnInstanceOfAnother) {
  const auto two = [](const std::string& first, const std::string& second, const std::string& what) {
    return problems("listen = \":8080\"\n[[route]]\npath = \"/b*\"\npool = \"" + second + "\"\n[[route]]\npool = \"" + first +
                    "\"\n[pool.\"" + first + "\"]\n" + what + "\n[pool.\"" + second + "\"]\ncommand = \"b\"\n");
  };
  EXPECT_THAT(two("a", "a.1", "command = \"a\""),
              ElementsAre("fd.toml:9:7: [pool.\"a.1\"] has the name of instance 1 of [pool.a], and no command could tell them "
                          "apart: rename one of them"));
  EXPECT_THAT(two("a.b", "a.b.12", "command = \"a\"").size(), 1u);
  for (const char* name : {"a.b", "a1", "b.1", "a.1x", "a.01", "a.1.1"})
    EXPECT_THAT(two("a", name, "command = \"a\""), ElementsAre()) << name;
  EXPECT_THAT(two("a", "a.1", "upstreams = [\"127.0.0.1:1\"]"), ElementsAre()) << "no instance of it has a name";
}

}  // namespace
}  // namespace frontdoor::config
