#include "importer/package_json.h"

#include "support.h"

namespace frontdoor::importer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Imported read_package(const std::string& text, Disk disk = {}) {
  return read_package_json(text, "/srv/app", files_of(std::move(disk)));
}

std::string command(const Imported& imported) {
  return imported.apps.empty() ? joined(imported.errors) : joined(imported.apps.front().command);
}

TEST(PackageJson, RunsWhatNpmStartRuns) {
  const struct {
    const char* text;
    const char* command;
  } cases[] = {
      {R"({"scripts": {"start": "node server.js"}})", "node server.js"},
      {R"({"scripts": {"start": "NODE_ENV=production node server.js"}})", "node server.js"},
      {R"({"scripts": {"start": "node a && node b"}})", "/bin/sh -c node a && exec node b"},
      {R"({"scripts": {"start": "npm run serve", "serve": "node s"}})", "node s"},
      {R"({"scripts": {"start": "npm run-script a", "a": "npm run b", "b": "node b"}})", "node b"},
      {R"({"scripts": {"start": "npm run a", "prestart": "x", "a": "y"}})", "/bin/sh -c (x\n) || exit\nexec npm run a"},
      {R"({"scripts": {"start": "node s", "prestart": "node build; true"}})", "/bin/sh -c (node build; true\n) || exit\nexec node s"},
      {R"({"scripts": {"start": "node s --port $npm_config_port"}})", "npm run start"},
      {"\xEF\xBB\xBF{\"scripts\": {\"start\": \"next start\"}}", "next start"},
  };
  for (const auto& c : cases) EXPECT_EQ(command(read_package(c.text)), c.command) << c.text;
}

TEST(PackageJson, WithoutAStartScriptItTriesWhatIsThere) {
  EXPECT_EQ(command(read_package("{}", {{"/srv/app/server.js", ""}, {"/srv/app/index.js", ""}})), "node server.js");
  EXPECT_THAT(read_package("{}", {{"/srv/app/server.js", ""}}).notes, IsEmpty());
  const Imported main = read_package(R"({"main": "lib/a.js"})", {{"/srv/app/lib/a.js", ""}, {"/srv/app/app.js", ""}});
  EXPECT_EQ(command(main), "node lib/a.js");
  EXPECT_THAT(lines_of(main.notes), ElementsAre("scripts.start: is not there: node lib/a.js is started"));
  EXPECT_EQ(command(read_package(R"({"main": "$(x).js"})", {{"/srv/app/$(x).js", ""}})), "there is no scripts.start and no server.js");
  EXPECT_EQ(command(read_package("{}", {{"/srv/app/app.js", ""}, {"/srv/app/index.js", ""}})), "node app.js");
}

TEST(PackageJson, WhatCannotBeRunSaysWhy) {
  const struct {
    const char* text;
    const char* error;
  } cases[] = {
      {"{}", "there is no scripts.start and no server.js"},
      {R"({"scripts": {"strat": "x"}})", "there is no scripts.start and no server.js, did you mean \"strat\"?"},
      {R"({"scripts": {"dev": "x", "build": "y"}})",
       "there is no scripts.start and no server.js; there are \"dev\" and \"build\", as in frontdoor run -- npm run dev"},
      {R"({"scripts": {"start": "npm run a"}})", "there is no scripts.a; there are \"start\", as in frontdoor run -- npm run start"},
      {R"({"scripts": {"start": "npm run a", "a": "npm start"}})", "scripts.start runs itself in the end"},
      {R"({"scripts": {"start": "node 'a"}})", "scripts.start: the quote ' is not closed"},
      {"[]", "1:1: expected an object, not a list"},
      {"{\n  \"a\": nil}", "2:8: this is no JSON: syntax error"},
      {"{\"a\": 1", "1:8: this is no JSON: it ends too early"},
      {"{} {}", "1:4: this is no JSON: extra data"},
      {"", "1:1: this is no JSON: it ends too early"},
      {"{\"a\": 1, /* no */ \"b\": 2}", "1:10: this is no JSON: syntax error"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(read_package(c.text).errors, ElementsAre(c.error)) << c.text;
    EXPECT_THAT(read_package(c.text).apps, IsEmpty());
  }
}

TEST(PackageJson, WhatNpmWouldSayOfThePackageIsInTheEnvironment) {
  const Imported all = read_package(R"({"name": "@me/my app", "version": "1.2", "config": {"port": 80, "deep": {}, "on": true},
                               "scripts": {"start": "npm run go", "go": "A=1 node a"}})");
  EXPECT_EQ(all.apps[0].name, "my-app");
  EXPECT_TRUE(all.apps[0].serves);
  EXPECT_EQ(variables(all.apps[0].env),
            "A=1 npm_lifecycle_event=go npm_lifecycle_script=A=1 node a npm_package_json=/srv/app/package.json "
            "npm_package_name=@me/my app npm_package_version=1.2 npm_package_config_port=80 npm_package_config_on=true");
}

TEST(PackageJson, ItsModulesComeFirstInPath) {
  EXPECT_EQ(read_package(R"({"scripts": {"start": "a"}})", {{"/srv/node_modules/.bin", ""}}).apps[0].before_path,
            "/srv/app/node_modules/.bin:/srv/node_modules/.bin:");
}

TEST(PackageJson, WhatIsOtherwiseThanWithNpmIsTold) {
  const struct {
    const char* scripts;
    const char* note;
  } cases[] = {
      {R"("start": "a", "poststart": "b")",
       "app: scripts.poststart: is not run: what is to happen after the app's end belongs into the app or a script around it"},
      {R"("start": "a", "prestart": "b")", "app: scripts.prestart: runs before each start of each instance, and counts inside start_timeout"},
      {R"("start": "cd x && PORT=1 a")", "app: scripts.start: sets PORT: frontdoor gives each instance a PORT of its own, so take it out"},
      {R"("start": "a $npm_config_x")",
       "app: scripts.start: uses npm's own settings (npm_config_…), so npm stays between frontdoor and the app"},
  };
  for (const auto& c : cases)
    EXPECT_THAT(lines_of(read_package(std::string("{\"scripts\": {") + c.scripts + "}}").notes), ElementsAre(c.note)) << c.scripts;
  EXPECT_EQ(read_package(R"({"scripts": {"start": "PORT=3000 node a"}})").apps[0].port, 3000);
}

}  // namespace
}  // namespace frontdoor::importer
