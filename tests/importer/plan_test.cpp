// Who gets which requests, and that what is written loads: with the same commands, and without a word against it.

#include "importer/plan.h"

#include "importer/ecosystem.h"
#include "importer/package_json.h"
#include "importer/procfile.h"
#include "support.h"

namespace frontdoor::importer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Imported ecosystem(const std::string& text) { return read_ecosystem(text, "/srv/app", files_of({})); }

std::string routes(const config::Config& config) {
  std::string text;
  for (const config::Route& route : config.routes)
    text += (text.empty() ? "" : " ") + (route.host.empty() ? "*" : route.host) + '>' + route.pool;
  return text;
}

TEST(Plan, WritesWhatLoads) {
  const std::string package = R"({"name": "shop", "scripts": {"prestart": "a", "start": "NODE_ENV=x next start \"${HOME}\""}})";
  for (const Imported& imported :
       {read_procfile("web: node a\nworker: B=\"x\" node \"b ${c}\" 'd\"'\n", "/srv/app", files_of({})),
        read_package_json(package, "/srv/app", files_of({})),
        ecosystem(R"([{"name": "web", "script": "a.js", "instances": "max", "env": {"A": "\u0001\n\"${B}", "PORT": 3000, "ä": "ö"},
                      "kill_timeout": 3000, "restart_delay": 10, "min_uptime": "5s", "max_restarts": 3, "watch": ["src"],
                      "ignore_watch": "x", "cron_restart": "0 3 * * *", "max_memory_restart": "1G", "treekill": false,
                      "listen_timeout": 40000, "autorestart": false, "out_file": "o", "log_type": "json"},
                     {"name": "api", "script": "b.js", "port": 3001, "env_production": {"X": "1", "PORT": 9}}])")}) {
    const RoundTrip trip = round_trip(imported);
    EXPECT_EQ(trip.problems, "") << trip.toml;
    ASSERT_EQ(trip.config.pools.size(), imported.apps.size()) << trip.toml;
    for (std::size_t i = 0; i < imported.apps.size(); ++i) {
      EXPECT_EQ(trip.config.pools[i].name, imported.apps[i].name);
      EXPECT_EQ(trip.config.pools[i].process.command, imported.apps[i].command);
      EXPECT_EQ(trip.config.pools[i].process.directory, "/srv/app");
      EXPECT_EQ(trip.config.pools[i].process.instances, imported.apps[i].instances);
      for (const auto& [name, value] : imported.apps[i].env)
        EXPECT_EQ(value_of(trip.config.pools[i].process.env, name), name == "PORT" ? std::nullopt : std::optional(value));
    }
  }
}

TEST(Plan, ThePathOfModulesComesBeforeTheOneThatIsThere) {
  const RoundTrip trip = round_trip(read_package_json(R"({"scripts": {"start": "PATH=/x next start"}})", "/srv/$app", files_of({})));
  EXPECT_EQ(trip.problems, "");
  EXPECT_EQ(value_of(trip.config.pools.at(0).process.env, "PATH"), "/srv/$app/node_modules/.bin:/bin");
}

TEST(Plan, ListensWhereClientsHaveFoundTheApp) {
  Imported one = ecosystem(R"([{"script": "a.js", "env": {"PORT": 3000}}])");
  EXPECT_EQ(make_plan(one, {}).listen, "127.0.0.1:3000");
  EXPECT_THAT(lines_of(one.notes), ElementsAre("a: PORT: 3000 is where frontdoor listens now, for this machine alone (\":3000\" is for "
                                               "all); each instance gets a PORT of its own"));
  EXPECT_EQ(value_of(one.apps[0].env, "PORT"), std::nullopt);

  Imported none = ecosystem(R"([{"script": "a.js", "env": {"PORT": "/run/a.sock"}}])");
  EXPECT_EQ(make_plan(none, {}).listen, "127.0.0.1:8080");
  EXPECT_THAT(lines_of(none.notes), ElementsAre("a: PORT: \"/run/a.sock\" is no port, and frontdoor gives each instance its own"));

  Imported asked = ecosystem(R"([{"script": "a.js", "env": {"PORT": 3000}}])");
  EXPECT_EQ(make_plan(asked, {.listen = ":80"}).listen, ":80");
  EXPECT_THAT(asked.notes, IsEmpty());
}

TEST(Plan, SeveralThatServeShareTheListenerByHost) {
  const Imported imported =
      ecosystem(R"([{"name": "web", "script": "a.js", "port": 3000}, {"name": "My_Api", "script": "b.js", "port": 3001}, {"script": "c.js"}])");
  const RoundTrip trip = round_trip(imported);
  EXPECT_EQ(routes(trip.config), "my-api.localhost>My_Api *>web");
  EXPECT_THAT(trip.toml, HasSubstr("#   My_Api: gets the requests for my-api.localhost of the same listener, no longer port 3001: "
                                   "write the host or the path that it is to have into its [[route]]\n"));
  EXPECT_EQ(trip.problems, "");
}

TEST(Plan, OptionsOverride) {
  const PlanOptions options{.instances = 3, .health_path = "/up", .watch = true};
  const RoundTrip trip = round_trip(read_procfile("worker: node b\nweb: node a", "/srv/app", files_of({})), options);
  EXPECT_EQ(trip.config.pools.at(1).process.instances, 3u);
  EXPECT_EQ(trip.config.pools.at(0).process.instances, 1u);
  EXPECT_EQ(trip.config.pools.at(1).health_check->path, "/up");
  EXPECT_EQ(trip.config.pools.at(0).health_check, std::nullopt);
  for (const auto& pool : trip.config.pools) EXPECT_THAT(pool.process.watch, ElementsAre("."));
}

TEST(Plan, AnEnvironmentIsChosenByName) {
  const std::string text = R"([{"script": "a.js", "env": {"A": "1", "B": "2"}, "env_production": {"A": "3", "PORT": 80}}])";
  Imported chosen = ecosystem(text);
  EXPECT_EQ(make_plan(chosen, {.profile = "production"}).listen, "127.0.0.1:80");
  const RoundTrip trip = round_trip(ecosystem(text), {.profile = "production"});
  EXPECT_EQ(trip.problems, "");
  EXPECT_EQ(variables(trip.config.pools.at(0).process.env), "A=3 B=2");
  EXPECT_EQ(variables(round_trip(ecosystem(text)).config.pools.at(0).process.env), "A=1 B=2");
  EXPECT_THAT(round_trip(ecosystem(text), {.profile = "prodcution"}).problems,
              HasSubstr("--env prodcution: the file has no env_prodcution, did you mean production?"));
  EXPECT_THAT(round_trip(ecosystem(text), {.profile = "x"}).problems, HasSubstr("--env x: the file has no env_x; it has \"production\""));
}

// It has a name that may be asked for, and its PORT has become the listener's.
TEST(Plan, AnEnvironmentWithNothingButAPortMayBeChosen) {
  const RoundTrip trip =
      round_trip(ecosystem(R"([{"script": "a.js", "env_production": {"PORT": 80}}])"), {.profile = "production"});
  EXPECT_EQ(trip.problems, "");
  EXPECT_THAT(trip.toml, HasSubstr("listen = \"127.0.0.1:80\""));
}

TEST(Plan, WhatHasNoPortGetsNoRequests) {
  const RoundTrip trip = round_trip(read_procfile("web: node a\nclock: node b", "/srv/app", files_of({})));
  EXPECT_EQ(trip.problems, "");
  EXPECT_EQ(trip.config.pools.at(0).process.port, config::Launch::Port::Auto);
  EXPECT_EQ(trip.config.pools.at(1).process.port, config::Launch::Port::None);
  EXPECT_EQ(routes(trip.config), "*>web");
  const RoundTrip alone = round_trip(read_procfile("clock: node b", "/srv/app", files_of({})));
  EXPECT_EQ(alone.problems, "");
  EXPECT_EQ(routes(alone.config), "");
}

TEST(Plan, WhomItRunsAsIsKept) {
  const RoundTrip trip = round_trip(ecosystem(R"([{"script": "a.js", "user": "www", "gid": 33}])"));
  EXPECT_EQ(trip.problems, "");
  EXPECT_EQ(trip.config.pools.at(0).process.user, "www");
  EXPECT_EQ(trip.config.pools.at(0).process.group, "33");
}

TEST(Plan, OfSeveralEnvironmentsOnePortCounts) {
  Imported imported = ecosystem(R"([{"script": "a.js", "env": {"PORT": 3000}, "env_production": {"PORT": 80, "A": "1"}}])");
  EXPECT_EQ(make_plan(imported, {}).listen, "127.0.0.1:3000");
  EXPECT_THAT(lines_of(imported.notes), ::testing::Contains("a: PORT: 80 of another environment is left out: there is one `listen`"));
}

TEST(Plan, ManyDotsAreNoDeepNesting) {
  const std::string dots(200, '.');
  const RoundTrip trip = round_trip(ecosystem("[{\"name\": \"" + dots + "\", \"script\": \"a.js\", \"args\": \"" + dots + "\"}]"));
  EXPECT_EQ(trip.problems, "");
  EXPECT_THAT(trip.config.pools.at(0).process.command, ElementsAre("node", "a.js", dots));
  EXPECT_EQ(trip.config.pools.at(0).name, dots);
}

TEST(Plan, NotesStandInTheFileAndCanNotLeaveTheirComment) {
  Imported imported = ecosystem(R"([{"script": "a.js", "x\nevil = 1": 1}])");
  const RoundTrip trip = round_trip(imported);
  EXPECT_EQ(trip.problems, "");
  EXPECT_THAT(trip.toml, HasSubstr("# Made of \"file\" by frontdoor. What is otherwise than there, or has no equivalent:\n"
                                   "#   a: x evil = 1: is no key of an app and is left out\n"));
}

TEST(Notes, ThatSayTheSameShareALine) {
  EXPECT_THAT(lines_of({{"a", "k", "x"}, {"b", "k", "x"}, {"a", "k", "y"}, {"", "", "z\x1b[31m"}}),
              ElementsAre("a, b: k: x", "a: k: y", "z [31m"));
}

TEST(PoolName, IsOneThatAPoolMayHave) {
  Imported all;
  EXPECT_EQ(pool_name("my app/ä", all), "my-app---");
  EXPECT_EQ(pool_name("", all), "app");
  all.apps.push_back({.name = "a"});
  EXPECT_EQ(pool_name("a", all), "a-2");
}

TEST(TextProblem, IsBytesThatAreNoText) {
  EXPECT_EQ(text_problem("web: ä \xEF\xBF\xBD"), "");
  EXPECT_EQ(text_problem("web: \xff"), "it is no UTF-8 text");
  EXPECT_EQ(text_problem(std::string("a\0b", 3)), "it is no text: there is a NUL byte in it");
}

}  // namespace
}  // namespace frontdoor::importer
