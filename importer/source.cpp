#include "importer/source.h"

#include <array>
#include <filesystem>

#include "config/suggest.h"

namespace frontdoor::importer {
namespace {

struct Candidate {
  std::string_view name;
  SourceKind kind;
};

// A file that was written for frontdoor is meant; then those that say most.
constexpr auto candidates = std::to_array<Candidate>({
    {"fd.toml", SourceKind::Config},
    {"ecosystem.config.js", SourceKind::EcosystemScript},
    {"ecosystem.config.cjs", SourceKind::EcosystemScript},
    {"ecosystem.config.mjs", SourceKind::EcosystemScript},
    {"ecosystem.config.json", SourceKind::Ecosystem},
    {"ecosystem.json", SourceKind::Ecosystem},
    {"pm2.config.js", SourceKind::EcosystemScript},
    {"pm2.config.cjs", SourceKind::EcosystemScript},
    {"process.json", SourceKind::Ecosystem},
    {"Procfile", SourceKind::Procfile},
    {"package.json", SourceKind::PackageJson},
    {"server.js", SourceKind::Script},
    {"app.js", SourceKind::Script},
    {"index.js", SourceKind::Script},
    {"app.py", SourceKind::Script},
    {"main.py", SourceKind::Script},
});

constexpr auto yaml_names = std::to_array<std::string_view>({"ecosystem.config.yml", "ecosystem.config.yaml", "process.yml"});
constexpr std::string_view no_yaml = "YAML is not read: write the same as .json or .cjs, or frontdoor's own fd.toml";

std::string_view interpreter_of(std::string_view name) { return name.ends_with(".py") ? "python3" : "node"; }

bool is_script(std::string_view name) {
  for (const auto extension : {".js", ".cjs", ".mjs", ".py"})
    if (name.ends_with(extension)) return true;
  return false;
}

bool is_script_config(std::string_view name) {
  for (const auto extension : {".config.js", ".config.cjs", ".config.mjs"})
    if (name.ends_with(extension)) return true;
  return false;
}

}  // namespace

boost::system::result<Source, std::string> find_source(const std::string& directory, const Files& files) {
  Source found;
  for (const Candidate& candidate : candidates) {
    const std::string path = (std::filesystem::path(directory) / candidate.name).string();
    if (!files.exists(path)) continue;
    if (!found.name.empty()) {
      // A script beside a file that says how to start it is what it starts.
      if (candidate.kind != SourceKind::Script) found.also_there.emplace_back(candidate.name);
      continue;
    }
    found.kind = candidate.kind;
    found.path = path;
    found.name = candidate.name;
  }
  // Nobody who wrote one means the package.json beside it.
  if (found.name.empty() || found.kind >= SourceKind::Procfile)
    for (const auto name : yaml_names)
      if (files.exists((std::filesystem::path(directory) / name).string())) return std::string(name) + ": " + std::string(no_yaml);
  if (!found.name.empty()) return found;
  std::string looked_for;
  for (const Candidate& candidate : candidates) looked_for += (looked_for.empty() ? "" : ", ") + std::string(candidate.name);
  return directory + ": nothing that says what to run; looked for " + looked_for + ". Any command runs with frontdoor run -- COMMAND";
}

boost::system::result<Source, std::string> source_of_file(const std::string& path) {
  Source source;
  source.path = path;
  source.name = std::filesystem::path(path).filename().string();
  const std::string_view name = source.name;
  if (name.ends_with(".toml")) source.kind = SourceKind::Config;
  else if (name.starts_with("Procfile")) source.kind = SourceKind::Procfile;
  else if (name == "package.json") source.kind = SourceKind::PackageJson;
  else if (name.ends_with(".json")) source.kind = SourceKind::Ecosystem;
  else if (is_script_config(name)) source.kind = SourceKind::EcosystemScript;
  else if (is_script(name)) source.kind = SourceKind::Script;
  else if (name.ends_with(".yml") || name.ends_with(".yaml")) return path + ": " + std::string(no_yaml);
  else
    return path + ": this is none of the files that are read: an ecosystem file (*.config.js, .cjs, .mjs, *.json), "
                  "a Procfile, a package.json, a script (.js, .cjs, .mjs, .py)";
  return source;
}

Imported read_script(const std::string& name, const std::string& directory) {
  Imported all;
  ImportedApp app;
  app.name = pool_name(std::filesystem::path(name).stem().string(), all);
  app.command = {std::string(interpreter_of(name)), name};
  app.directory = directory;
  app.serves = true;
  all.apps.push_back(std::move(app));
  return all;
}

}  // namespace frontdoor::importer
