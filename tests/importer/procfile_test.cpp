#include "importer/procfile.h"

#include "support.h"

namespace frontdoor::importer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Imported read(const std::string& text, Disk disk = {}) { return read_procfile(text, "/srv/app", files_of(std::move(disk))); }

std::vector<std::string> apps(const Imported& imported) {
  std::vector<std::string> lines;
  for (const ImportedApp& app : imported.apps)
    lines.push_back(app.name + (app.serves ? "*" : "") + ": " + joined(app.command) + (app.env.empty() ? "" : " with " + variables(app.env)));
  return lines;
}

TEST(Procfile, HasALineForEachKindOfProcess) {
  const Imported all = read("# what runs\n\nweb: node server.js\r\n  worker :  NODE_ENV=production node worker.js\nclock: node clock.js -p $PORT\n");
  EXPECT_THAT(all.errors, IsEmpty());
  EXPECT_THAT(apps(all), ElementsAre("web*: node server.js", "worker: node worker.js with NODE_ENV=production",
                                     "clock: /bin/sh -c exec node clock.js -p $PORT"));
  EXPECT_THAT(all.notes, IsEmpty());
  EXPECT_EQ(all.apps[0].directory, "/srv/app");
}

TEST(Procfile, WhatIsNoEntryIsAnError) {
  const struct {
    const char* text;
    const char* error;
  } cases[] = {
      {"web node server.js", "1: expected a name and a command, as in web: node server.js, not \"web node server.js\""},
      {"web: a\n\nwe b: x", "3: expected a name and a command, as in web: node server.js, not \"we b: x\""},
      {"web: a\nweb: b", "2: there is a \"web\" already"},
      {"web:", "1: web: there is no command in it"},
      {"web: node 'a", "1: web: the quote ' is not closed"},
      {"# nothing", "1: there is no entry in it, as in web: node server.js"},
      {"", "1: there is no entry in it, as in web: node server.js"},
  };
  for (const auto& c : cases) EXPECT_THAT(read(c.text).errors, ElementsAre(c.error)) << c.text;
}

TEST(Procfile, WhatIsNotStartedIsTold) {
  EXPECT_THAT(lines_of(read("web: a\nrelease: node migrate.js").notes),
              ElementsAre("release: is for the moment before a deployment and is not started: run it yourself, then restart the others"));
  EXPECT_THAT(lines_of(read("web: export PORT=80; node a").notes),
              ElementsAre("web: PORT: is set in the command: frontdoor gives each instance a PORT of its own, so take it out"));
  const Imported workers = read("worker: node a");
  EXPECT_THAT(lines_of(workers.notes), ElementsAre("there is no entry called web, so nothing gets requests"));
  EXPECT_FALSE(workers.apps[0].serves);
}

TEST(Procfile, ItsEnvironmentIsTheFileBesideIt) {
  const Imported all = read("web: node a\nworker: node b", {{"/srv/app/.env", "A=1\nexport PORT = \"5000\"\n"}});
  for (const ImportedApp& app : all.apps) EXPECT_EQ(*app.setting("env_file"), "\"/srv/app/.env\"");
  EXPECT_EQ(all.apps[0].port, 5000);
  EXPECT_EQ(all.apps[1].port, std::nullopt);
  EXPECT_EQ(read("web: PORT=6000 node a", {{"/srv/app/.env", "PORT=5000"}}).apps[0].port, 6000);
}

}  // namespace
}  // namespace frontdoor::importer
