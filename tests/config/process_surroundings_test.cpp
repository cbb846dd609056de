// Whom the instances of a pool run as and with what: users, limits, env_file, profiles.

#include <sys/resource.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "config/show.h"
#include "support.h"
#include "tests/support/temporary_directory.h"

namespace frontdoor::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

const std::string kPortIsOurs =
    ": PORT has no effect: frontdoor chooses it for each instance, so that no two listen on the same";

LoadOptions with_users(std::optional<RunsAs> runs_as = std::nullopt) {
  LoadOptions options = options_with({});
  options.accounts = [](const std::string& user, const std::string& group) -> AccountLookup {
    if (user == "nobdy") return {std::nullopt, "there is no user \"nobdy\" on this machine", false};
    if (group == "none") return {std::nullopt, "there is no group \"none\" on this machine", true};
    return {Account{1000, 100, {100, 101}, "app", "/home/app", "/bin/sh"}, "", false};
  };
  options.runs_as = runs_as;
  return options;
}

std::string with_command(const std::string& pool) {
  return "listen = \":8080\"\n[pool.app]\ncommand = \"app\"\n" + pool;
}

Process process_with(const std::string& pool, const LoadOptions& options) {
  const Loaded loaded = load(with_command(pool), "fd.toml", options);
  EXPECT_THAT(lines(loaded), ElementsAre()) << pool;
  return loaded.config.pools.front().process;
}

TEST(ProcessUser, IsLookedUpWhenTheConfigIsRead) {
  const Process process =
      process_with("user = \"app\"\ngroup = \"staff\"\numask = \"027\"", with_users(RunsAs{0, 0}));
  ASSERT_TRUE(process.account);
  EXPECT_EQ(process.account->uid, 1000u);
  EXPECT_THAT(process.account->groups, ElementsAre(100u, 101u));
  EXPECT_EQ(process.umask, "027");
}

TEST(ProcessUser, IsAlsoThatOfChecksOfServersThatSomebodyElseRuns) {
  const Loaded loaded = load("listen = \":8080\"\n[pool.app]\nupstreams = [\"a:1\"]\nuser = \"app\"\n"
                             "health_check = { type = \"exec\", command = \"true\" }",
                             "fd.toml", with_users(RunsAs{0, 0}));
  EXPECT_THAT(lines(loaded), ElementsAre());
  ASSERT_TRUE(loaded.config.pools.front().process.account);
  EXPECT_THAT(show(loaded.config), HasSubstr("user = \"app\""));
  EXPECT_THAT(show(loaded.config), Not(HasSubstr("stop_signal")));
}

TEST(ProcessUser, OnlyRootStartsItAsSomebodyElse) {
  EXPECT_THAT(problems(with_command("user = \"app\""), with_users(RunsAs{7, 7})),
              ElementsAre("fd.toml:4:8: user: only root may start instances as somebody else, and frontdoor runs as user "
                          "7: start it as root, or leave user out"));
  EXPECT_FALSE(process_with("user = \"app\"", with_users(RunsAs{1000, 100})).account) << "it is this very user";
  process_with("user = \"app\"", with_users());  // a check, by whomever
}

TEST(ProcessUser, OneThatIsUnknownIsNamed) {
  EXPECT_THAT(problems(with_command("user = \"nobdy\""), with_users()),
              ElementsAre("fd.toml:4:8: user: there is no user \"nobdy\" on this machine"));
  EXPECT_THAT(problems(with_command("user = \"app\"\ngroup = \"none\""), with_users()),
              ElementsAre("fd.toml:5:9: group: there is no group \"none\" on this machine"));
}

LoadOptions who_looks() {
  LoadOptions options = options_with({});
  options.usable_cpus = 2;
  options.directory_problem = [](const Process& process) {
    return process.directory == "/srv/old" ? "\"/srv/old\" does not exist" : "";
  };
  options.command_problem = [](const Process& process, const std::vector<std::string>& command) {
    return command.front() == "nod" ? "\"nod\" is not found in PATH" + process.directory : "";
  };
  return options;
}

TEST(ProcessStart, IsLookedAtWhereSomebodyAsks) {
  const std::string listen = "listen = \":8080\"\n[pool.app]\n";
  const struct {
    const char* pool;
    std::vector<std::string> found;
  } cases[] = {
      {"command = \"node a.js\"\ndirectory = \"/srv/new\"\ninstances = 32", {}},
      {"command = \"node a.js\"\ninstances = \"max\"", {}},
      {"command = \"nod a.js\"", {"fd.toml:3:11: warning: command: \"nod\" is not found in PATH"}},
      {"command = \"nod a.js\"\ndirectory = \"/srv/old\"", {"fd.toml:4:13: warning: directory: \"/srv/old\" does not exist"}},
      {"upstreams = [\"a:1\"]\nhealth_check = { type = \"exec\", command = \"nod\" }",
       {"fd.toml:4:43: warning: command: \"nod\" is not found in PATH"}},
      {"command = \"node a.js\"\ninstances = 33",
       {"fd.toml:4:13: warning: instances: 33 would share 2 CPUs, and each takes memory of its own: \"max\" is one for each CPU"}},
      {"command = \"nod 'a\"", {"fd.toml:3:11: command: \"nod 'a\" will not do: the quote ' is not closed"}},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(problems(listen + c.pool, who_looks()), c.found) << c.pool;
    std::vector<std::string> otherwise;  // what is wrong as a text is so for everybody
    for (const std::string& line : c.found)
      if (line.find("warning") == line.npos) otherwise.push_back(line);
    EXPECT_EQ(problems(listen + c.pool, options_with({})), otherwise) << c.pool;
  }
  LoadOptions options = who_looks();
  options.usable_cpus = 1;
  EXPECT_THAT(problems(listen + "command = \"node a.js\"\ninstances = 17", options), ElementsAre(HasSubstr(" share 1 CPU, and")));
  options.profile = "busy";
  EXPECT_THAT(problems(listen + "command = \"node a.js\"\n[pool.app.profile.busy]\ncommand = \"nod\"\ninstances = 20", options),
              ElementsAre(HasSubstr("fd.toml:5:11: warning: command: "), HasSubstr("fd.toml:6:13: warning: instances: 20 ")));
}

TEST(Accounts, AreThoseOfTheUserDatabase) {
  const AccountLookup root = look_up_account("root", "");
  ASSERT_TRUE(root.account) << root.problem;
  EXPECT_EQ(root.account->uid, 0u);
  EXPECT_EQ(root.account->name, "root");
  EXPECT_THAT(root.account->groups, ::testing::Contains(0u));
  EXPECT_EQ(look_up_account("0", "").account, root.account);
  const AccountLookup in_group = look_up_account("root", "4242");
  ASSERT_TRUE(in_group.account);
  EXPECT_EQ(in_group.account->gid, 4242u);
  EXPECT_THAT(in_group.account->groups, ::testing::Contains(4242u));
  const AccountLookup group_only = look_up_account("", "4242");
  ASSERT_TRUE(group_only.account);
  EXPECT_EQ(group_only.account->name, "") << "its user stays, and so do HOME and USER";
  const AccountLookup without_entry = look_up_account("424242", "4242");
  ASSERT_TRUE(without_entry.account);
  EXPECT_EQ(without_entry.account->uid, 424242u);
  EXPECT_THAT(without_entry.account->groups, ElementsAre(4242u));
  EXPECT_EQ(look_up_account("no-such-user", "").problem, "there is no user \"no-such-user\" on this machine");
  EXPECT_EQ(look_up_account("424242", "").problem,
            "the number 424242 is in no user database, so its group must be said as well");
  const AccountLookup no_group = look_up_account("root", "no-such-group");
  EXPECT_EQ(no_group.problem, "there is no group \"no-such-group\" on this machine");
  EXPECT_TRUE(no_group.problem_of_group);
  EXPECT_EQ(unknown_account("user", "app", EIO), "the user database cannot be read: Input/output error");
}

TEST(ProcessLimits, AreNumbersSizesOrBoth) {
  const auto limits =
      process_with("rlimits = { nofile = 4096, core = \"unlimited\", stack = \"8MiB\", nproc = \"100:200\" }", options_with({}))
          .rlimits;
  ASSERT_EQ(limits.size(), 4u);
  EXPECT_EQ(limits[0], (ResourceLimit{"nofile", RLIMIT_NOFILE, 4096, 4096}));
  EXPECT_EQ(limits[1], (ResourceLimit{"core", RLIMIT_CORE, RLIM_INFINITY, RLIM_INFINITY}));
  EXPECT_EQ(limits[2], (ResourceLimit{"stack", RLIMIT_STACK, 8 << 20, 8 << 20}));
  EXPECT_EQ(limits[3], (ResourceLimit{"nproc", RLIMIT_NPROC, 100, 200}));
  const Loaded loaded =
      load(with_command("rlimits = { nofile = \"1:2\", core = \"unlimited\", cpu = 7 }"), "fd.toml", options_with({}));
  EXPECT_THAT(show(loaded.config), HasSubstr("rlimits = { nofile = \"1:2\", core = \"unlimited\", cpu = 7 }"));
}

TEST(ProcessLimits, WhatIsWrongWithThem) {
  const std::string limit = ": a limit is a number, \"64MiB\", \"unlimited\", or soft:hard as in \"1024:4096\"";
  const std::string octal = " will not do: write it in octal, as in \"022\", up to \"777\"";
  const struct {
    std::string line, problem;
  } cases[] = {
      {"rlimits = { nofiles = 1 }", "fd.toml:4:13: rlimits: there is no limit \"nofiles\", did you mean \"nofile\"?"},
      {"rlimits = { x-y-z = 1 }",
       "fd.toml:4:13: rlimits: there is no limit \"x-y-z\"; there are \"as\", \"core\", \"cpu\", \"data\", \"fsize\", "
       "\"locks\", \"memlock\", \"msgqueue\", \"nice\", \"nofile\", \"nproc\", \"rss\", \"rtprio\", \"rttime\", "
       "\"sigpending\" and \"stack\""},
      {"rlimits = { nofile = -1 }", "fd.toml:4:22: rlimits.nofile" + limit},
      {"rlimits = { nofile = \"2:1\" }", "fd.toml:4:22: rlimits.nofile" + limit},
      {"rlimits = { nofile = \"many\" }", "fd.toml:4:22: rlimits.nofile" + limit},
      {"rlimits = { nofile = true }", "fd.toml:4:22: rlimits.nofile" + limit},
      {"rlimits = 7", "fd.toml:4:11: rlimits: expected a table as in { nofile = 65536 }, not an integer"},
      {"umask = \"8\"", "fd.toml:4:9: umask: \"8\"" + octal},
      {"umask = \"1022\"", "fd.toml:4:9: umask: \"1022\"" + octal},
      {"umask = 22", "fd.toml:4:9: umask: expected a string, not an integer"},
  };
  for (const auto& c : cases)
    EXPECT_THAT(problems(with_command(c.line), options_with({})), ElementsAre(c.problem)) << c.line;
}

LoadOptions with_file(const std::string& path, const std::string& text) {
  LoadOptions options = options_with({});
  options.directory = "/etc/app";
  options.read_file = [path, text](const std::string& asked) -> FileText {
    return asked == path ? FileText{text, ""} : FileText{"", "No such file or directory"};
  };
  return options;
}

TEST(ProcessEnvFile, LiesBesideTheConfig) {
  const LoadOptions options = with_file("/etc/app/app.env", "A=file\nTOKEN=secret\n");
  const Loaded loaded = load(with_command("env_file = \"app.env\"\nenv = { A = \"env\" }"), "fd.toml", options);
  EXPECT_THAT(lines(loaded), ElementsAre());
  EXPECT_THAT(loaded.config.pools.front().process.file_env, ElementsAre(Pair("A", "file"), Pair("TOKEN", "secret")));
  EXPECT_THAT(show(loaded.config), HasSubstr("env_file = \"app.env\""));
  EXPECT_THAT(show(loaded.config), Not(HasSubstr("secret")));
  process_with("env_file = \"/run/secrets/x\"", with_file("/run/secrets/x", "A=1"));
}

TEST(ProcessEnvFile, WhatIsWrongWithIt) {
  const std::string text = with_command("env_file = \"app.env\"");
  const std::string start = "env_file: /etc/app/app.env";
  EXPECT_THAT(problems(text, with_file("/elsewhere", "")),
              ElementsAre("fd.toml:4:12: " + start + ": No such file or directory"));
  EXPECT_THAT(problems(text, with_file("/etc/app/app.env", "A=1\nTOKEN secret\n")),
              ElementsAre("fd.toml:4:12: " + start + ":2: a line is NAME=value, and this one has no ="));
  EXPECT_THAT(problems(text, with_file("/etc/app/app.env", "PORT=80\n")),
              ElementsAre("fd.toml:4:12: warning: " + start + kPortIsOurs));
  EXPECT_THAT(problems(text + "\nport = \"none\"", with_file("/etc/app/app.env", "PORT=80\n")),
              ElementsAre("fd.toml:4:12: warning: " + start + ": PORT is not passed on, since these instances have port = "
                          "\"none\"; write it into env if they are to have one"));
}

// A pipe would be waited for at the next reload.
TEST(ProcessEnvFile, IsAFile) {
  const test::TemporaryDirectory temporary;
  const std::string& directory = temporary.path();
  ASSERT_EQ(::mkfifo((directory + "/pipe").c_str(), 0600), 0);
  std::ofstream(directory + "/file") << "A=1\n";
  const LoadOptions options = options_of_this_process(directory + "/fd.toml");
  EXPECT_THAT(process_with("env_file = \"file\"", options).file_env, ElementsAre(Pair("A", "1")));
  for (const std::string name : {"pipe", "."})
    EXPECT_THAT(problems(with_command("env_file = \"" + name + "\""), options),
                ElementsAre("fd.toml:4:12: env_file: " + directory + "/" + name + ": it is no regular file"));
}

const std::string kProfiles =
    "instances = 1\nenv = { A = \"1\", B = \"1\" }\n[pool.app.profile.production]\ninstances = 4\n"
    "command = [\"node\", \"server.js\"]\nenv = { B = \"2\", C = \"2\" }\n[pool.app.profile.staging]\ninstances = 2\n";

LoadOptions with_profile(const std::string& name) {
  LoadOptions options = options_with({});
  options.profile = name;
  return options;
}

TEST(ProcessProfile, ChangesWhatItNames) {
  const Process plain = process_with(kProfiles, with_profile(""));
  EXPECT_EQ(plain.instances, 1u);
  EXPECT_THAT(plain.env, ElementsAre(Pair("A", "1"), Pair("B", "1")));
  const Process chosen = process_with(kProfiles, with_profile("production"));
  EXPECT_EQ(chosen.instances, 4u);
  EXPECT_THAT(chosen.command, ElementsAre("node", "server.js"));
  EXPECT_THAT(chosen.env, ElementsAre(Pair("A", "1"), Pair("B", "2"), Pair("C", "2")));
  const Loaded loaded = load(with_command(kProfiles), "fd.toml", with_profile("production"));
  EXPECT_THAT(show(loaded.config), HasSubstr("env = { A = \"***\", B = \"***\", C = \"***\" }"));
}

TEST(ProcessProfile, WhatIsWrongWithIt) {
  const std::string nobody = ": no pool has a profile of this name";
  EXPECT_THAT(problems(with_command(kProfiles), with_profile("producton")),
              ElementsAre("fd.toml: --env producton" + nobody + ", did you mean \"production\"?"));
  EXPECT_THAT(problems(with_command(kProfiles), with_profile("x")),
              ElementsAre("fd.toml: --env x" + nobody + "; there are \"production\" and \"staging\""));
  EXPECT_THAT(problems(with_command("[pool.app.profile.p]\ninstance = 2\n"), with_profile("")),
              ElementsAre("fd.toml:5:1: unknown key \"instance\", did you mean \"instances\"?"))
      << "chosen or not";
  EXPECT_THAT(problems(with_command("profile = { p = 1 }"), with_profile("")),
              ElementsAre("fd.toml:4:17: profile.p: expected a table as in { env = { … } }, not an integer"));
  EXPECT_THAT(problems(with_command("[pool.app.profile.p]\nenv = { PORT = \"80\" }\n"), with_profile("p")),
              ElementsAre("fd.toml:5:9: warning: env" + kPortIsOurs));
}

// ---- Where it listens, and when it is ready

TEST(ProcessPort, MustFitToHowItIsKnownToBeReady) {
  const std::string asks =
      "port: with \"listen_fds\" the socket listens before the app does, so only a health_check by HTTP or a command, "
      "or ready = \"notify\" can tell that it is up";
  const std::string fds = "port = \"listen_fds\"\n";
  const std::string none = "port = \"none\"\n";
  const struct {
    std::string pool;
    std::vector<std::string> problems;
  } cases[] = {
      {fds, {"fd.toml:4:8: " + asks}},
      {fds + "ready = \"listen\"\nhealth_check = \"/\"", {"fd.toml:4:8: " + asks}},
      {fds + "health_check = { type = \"tcp\" }", {"fd.toml:4:8: " + asks}},
      {fds + "health_check = { type = \"tcp\", port = 81 }", {}},
      {fds + "health_check = \"/\"", {}},
      {fds + "health_check = { type = \"exec\", command = \"true\" }", {}},
      {fds + "ready = \"notify\"", {}},
      {"ready = \"health_check\"", {}},  // as `config show` writes it
      {"idle_stop = \"5m\"", {}},
      {"ready = \"listen\"\nhealth_check = \"/\"", {}},
      {"min_uptime = \"2s\"",
       {"fd.toml:4:14: warning: min_uptime has no effect: it is for instances with port = \"none\""}},
  };
  for (const auto& c : cases)
    EXPECT_EQ(problems(with_command(c.pool), options_with({})), c.problems) << c.pool;

  const std::string worker = "[pool.worker]\ncommand = \"w\"\n";
  const struct {
    std::string below;
    std::vector<std::string> problems;
  } with_worker[] = {
      {worker + none, {}},
      {worker + none + "min_uptime = \"2s\"\nenv = { PORT = \"9\" }", {}},
      {worker + none + "ready = \"notify\"", {}},
      {worker + none + "ready = \"listen\"",
       {"fd.toml:7:9: ready: an instance without a port never listens: leave ready out (it is up after min_uptime), or "
        "write \"notify\""}},
      {worker + none + "health_check = \"/\"",
       {"fd.toml:7:16: warning: health_check has no effect: instances with port = \"none\" have nothing to ask"}},
      {worker + none + "idle_stop = \"5m\"",
       {"fd.toml:7:13: idle_stop: instances with port = \"none\" get no requests, so that none would ever start them again: "
        "leave idle_stop out, or give them a port"}},
      {worker + none + "[[route]]\npool = \"worker\"",
       {"fd.toml:8:8: pool: [pool.worker] gets no requests, since its instances have port = \"none\""}},
      {worker + none + "upstreams = [\"10.0.0.1:80\"]\n[[route]]\npool = \"worker\"\n[[route]]\npool = \"app\"",
       {"fd.toml:10:1: warning: no request reaches this route, since the one at fd.toml:8:1 comes first and matches all that "
        "this one does"}},
  };
  for (const auto& c : with_worker)
    EXPECT_EQ(problems(with_command(c.below), options_with({})), c.problems) << c.below;
}

// What is wrong is where the chosen profile says it.
TEST(ProcessPort, MustFitInAProfileToo) {
  EXPECT_THAT(problems(with_command("idle_stop = \"5m\"\n[pool.app.profile.p]\nport = \"none\"\nready = \"listen\"\n"),
                       with_profile("p")),
              ElementsAre("fd.toml:4:13: idle_stop: instances with port = \"none\" get no requests, so that none would ever start "
                          "them again: leave idle_stop out, or give them a port",
                          "fd.toml:7:9: ready: an instance without a port never listens: leave ready out (it is up after "
                          "min_uptime), or write \"notify\""));
}

TEST(ProcessPort, WithoutARouteAllGoesToTheOnlyPoolThatTakesRequests) {
  const Loaded loaded = load(with_command("[pool.worker]\ncommand = \"w\"\nport = \"none\""), "fd.toml", options_with({}));
  ASSERT_EQ(loaded.config.routes.size(), 1u);
  EXPECT_EQ(loaded.config.routes.front().pool, "app");
}

}  // namespace
}  // namespace frontdoor::config
