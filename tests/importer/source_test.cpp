#include "importer/source.h"

#include "importer/dotenv.h"
#include "support.h"

namespace frontdoor::importer {
namespace {

std::string found(const std::vector<std::string>& names) {
  Disk disk;
  for (const std::string& name : names) disk["/srv/" + name] = "";
  const auto source = find_source("/srv", files_of(disk));
  if (!source) return "error: " + source.error();
  return source->name + (source->also_there.empty() ? "" : " beside " + joined(source->also_there, ", "));
}

TEST(Source, OfADirectoryTheFileThatSaysMostIsTaken) {
  EXPECT_EQ(found({"fd.toml", "package.json"}), "fd.toml beside package.json");
  EXPECT_EQ(found({"ecosystem.config.js", "Procfile", "package.json", "server.js"}), "ecosystem.config.js beside Procfile, package.json");
  EXPECT_EQ(found({"ecosystem.config.cjs"}), "ecosystem.config.cjs");
  EXPECT_EQ(found({"ecosystem.config.json", "index.js"}), "ecosystem.config.json");
  EXPECT_EQ(found({"Procfile", "package.json"}), "Procfile beside package.json");
  EXPECT_EQ(found({"package.json", "server.js", "index.js"}), "package.json");
  EXPECT_EQ(found({"index.js", "app.js"}), "app.js");
  EXPECT_EQ(found({"app.py"}), "app.py");
  EXPECT_EQ(found({"fd.toml", "ecosystem.config.yml"}), "fd.toml");
  EXPECT_EQ(found({"package.json", "ecosystem.config.yml"}),
            "error: ecosystem.config.yml: YAML is not read: write the same as .json or .cjs, or frontdoor's own fd.toml");
  EXPECT_EQ(found({}),
            "error: /srv: nothing that says what to run; looked for fd.toml, ecosystem.config.js, ecosystem.config.cjs, "
            "ecosystem.config.mjs, ecosystem.config.json, ecosystem.json, pm2.config.js, pm2.config.cjs, process.json, Procfile, "
            "package.json, server.js, app.js, index.js, app.py, main.py. Any command runs with frontdoor run -- COMMAND");
}

TEST(Source, AFileIsWhatItsNameSays) {
  const struct {
    const char* path;
    SourceKind kind;
  } cases[] = {
      {"a/fd.toml", SourceKind::Config},         {"Procfile", SourceKind::Procfile},       {"Procfile.dev", SourceKind::Procfile},
      {"package.json", SourceKind::PackageJson}, {"any.json", SourceKind::Ecosystem},      {"x.config.js", SourceKind::EcosystemScript},
      {"x.config.mjs", SourceKind::EcosystemScript}, {"server.js", SourceKind::Script},    {"b/a.py", SourceKind::Script},
  };
  for (const auto& c : cases) EXPECT_EQ(source_of_file(c.path)->kind, c.kind) << c.path;
  EXPECT_EQ(source_of_file("a/app.yaml").error(),
            "a/app.yaml: YAML is not read: write the same as .json or .cjs, or frontdoor's own fd.toml");
  EXPECT_EQ(source_of_file("a.txt").error(),
            "a.txt: this is none of the files that are read: an ecosystem file (*.config.js, .cjs, .mjs, *.json), a Procfile, a "
            "package.json, a script (.js, .cjs, .mjs, .py)");
}

TEST(Source, AScriptAloneIsStartedByItsLanguage) {
  EXPECT_EQ(joined(read_script("server.js", "/srv").apps.at(0).command), "node server.js");
  EXPECT_EQ(joined(read_script("app.py", "/srv").apps.at(0).command), "python3 app.py");
  EXPECT_TRUE(read_script("app.py", "/srv").apps.at(0).serves);
}

TEST(Dotenv, TheLastValueCounts) {
  EXPECT_EQ(dotenv_value("PORT=1\n# PORT=2\nexport PORT = '3'\r\nOTHER_PORT=4\nPORTS=5", "PORT"), "3");
  EXPECT_EQ(dotenv_value("PORT=\"6\"", "PORT"), "6");
  EXPECT_EQ(dotenv_value("PORT", "PORT"), std::nullopt);
  EXPECT_EQ(dotenv_value("", "PORT"), std::nullopt);
}

}  // namespace
}  // namespace frontdoor::importer
