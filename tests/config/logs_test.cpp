// [pool.NAME.logs]: read, shown again, and what is wrong with it.

#include "config/show.h"
#include "support.h"

namespace frontdoor::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kSupervisedApp = "listen = \":8080\"\n[pool.app]\ncommand = \"app\"\n";

Logs logs_of(const std::string& text) {
  const Loaded loaded = load(kSupervisedApp + text, "fd.toml", options_with({}));
  EXPECT_THAT(lines(loaded), ElementsAre()) << text;
  return loaded.config.pools.front().process.logs;
}

TEST(Logs, HaveTheirDefaults) { EXPECT_EQ(logs_of(""), Logs{}); }

TEST(Logs, SayAllOfIt) {
  const Logs logs = logs_of(
      "logs = { mode = \"off\", file = \"/var/log/{pool}/{instance}.{stream}.log\", file_format = \"json\", "
      "max_size = \"1MiB\", keep = 2, max_total = \"10MiB\", min_free = \"0\" }");
  EXPECT_EQ(logs.mode, Logs::Mode::Off);
  EXPECT_EQ(logs.file, "/var/log/{pool}/{instance}.{stream}.log");
  EXPECT_EQ(logs.file_format, Logs::FileFormat::Json);
  EXPECT_EQ(logs.max_size, 1u << 20);
  EXPECT_EQ(logs.keep, 2u);
  EXPECT_EQ(logs.max_total, 10u << 20);
  EXPECT_EQ(logs.min_free, 0u);
  EXPECT_EQ(logs_of("[pool.app.logs]\nmode = \"json\"\n").mode, Logs::Mode::Json);
}

TEST(Logs, AreShownAndReadAgain) {
  const Loaded loaded = load(kSupervisedApp + "logs = { file = \"{instance}.log\", keep = 3 }", "fd.toml", options_with({}));
  const std::string shown = show(loaded.config);
  EXPECT_THAT(shown, HasSubstr("[pool.app.logs]"));
  EXPECT_EQ(load(shown, "fd.toml", options_with({})).config.pools, loaded.config.pools);
}

TEST(Logs, WhatIsWrongWithThem) {
  const struct {
    std::string line, problem;
  } cases[] = {
      {"logs = \"json\"", "fd.toml:4:8: logs: expected a table [pool.app.logs], not a string"},
      {"logs = { mode = \"jsno\" }",
       "fd.toml:4:17: mode: \"jsno\" is unknown, did you mean \"json\"?"},
      {"logs = { file = \"/var/log/\" }",
       "fd.toml:4:17: file: \"/var/log/\" will not do: it names a directory: add a file, as in \"{instance}.log\""},
      {"logs = { file = \"{name}.log\" }",
       "fd.toml:4:17: file: \"{name}.log\" will not do: only {pool}, {instance} and {stream} are filled in"},
      {"logs = { file = \"{instance.log\" }",
       "fd.toml:4:17: file: \"{instance.log\" will not do: only {pool}, {instance} and {stream} are filled in"},
      {"logs = { file = \"/var/log/{instance}/out.log\" }",
       "fd.toml:4:17: file: \"/var/log/{instance}/out.log\" will not do: {instance} may stand in the file's name alone, "
       "not in its directory"},
      {"logs = { file = \"a\\u0000b\" }", "fd.toml:4:17: file: \"a\\u0000b\" will not do: a path has no NUL byte"},
  };
  for (const auto& c : cases) EXPECT_THAT(problems(kSupervisedApp + c.line), ElementsAre(c.problem)) << c.line;
}

TEST(Logs, OfTwoPoolsHaveTwoFiles) {
  const std::string route = "[[route]]\npath = \"/b*\"\npool = \"b\"\n[[route]]\npool = \"a\"\n";
  const auto two = [&](const std::string& file) {
    const std::string logs = "logs = { file = \"" + file + "\" }\n";
    return problems("listen = \":8080\"\n" + route + "[pool.a]\ncommand = \"a\"\n" + logs + "[pool.b]\ncommand = \"b\"\n" + logs);
  };
  EXPECT_THAT(two("app.log"),
              ElementsAre("fd.toml:10:7: [pool.b] and [pool.a] log into one file, \"app.log\": put {pool} into its name"));
  EXPECT_THAT(two("{pool}.log"), ElementsAre());
  EXPECT_THAT(two("{instance}.log"), ElementsAre());
}

}  // namespace
}  // namespace frontdoor::config
