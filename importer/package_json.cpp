#include "importer/package_json.h"

#include <algorithm>
#include <filesystem>

#include "config/suggest.h"
#include "importer/json_text.h"
#include "importer/shell_command.h"

namespace frontdoor::importer {
namespace {

namespace json = boost::json;

constexpr int most_hops = 8;  // of scripts that run another: more is a circle

std::string text_of(const json::value* value) {
  if (value == nullptr || !value->is_string()) return "";
  return std::string(value->get_string());
}

class PackageReader {
 public:
  PackageReader(const json::object& package, const std::string& directory, const Files& files)
      : package_(package), directory_(directory), files_(files) {
    const json::value* scripts = package.if_contains("scripts");
    if (scripts != nullptr) scripts_ = scripts->if_object();
  }

  Imported read(std::string_view script);

 private:
  std::string script(std::string_view name) const {
    return scripts_ == nullptr ? "" : text_of(scripts_->if_contains(name));
  }
  bool resolve(std::string& name, std::string& line);
  std::string without_start_script();
  void no_such_script(std::string_view name);
  void add_variables(ImportedApp& app, const std::string& name, const std::string& line) const;

  const json::object& package_;
  const json::object* scripts_ = nullptr;
  const std::string& directory_;
  const Files& files_;
  Imported all_;
};

// `npm run x` and nothing else: that is x.
std::string script_that_it_runs(const std::string& line) {
  const auto command = to_command(line);
  if (!command || command->by_shell || !command->env.empty() || command->port) return "";
  const auto& words = command->words;
  if (words.size() == 2 && words[0] == "npm" && words[1] == "start") return "start";
  if (words.size() == 3 && words[0] == "npm" && (words[1] == "run" || words[1] == "run-script")) return words[2];
  return "";
}

void PackageReader::no_such_script(std::string_view name) {
  std::vector<std::string_view> names;
  if (scripts_ != nullptr)
    for (const auto& [key, value] : *scripts_) names.push_back(key);
  std::string what = "there is no scripts." + std::string(name);
  if (name == "start") what += " and no server.js";
  if (const auto meant = config::nearest(name, names)) what += ", did you mean " + config::quote(*meant) + "?";
  else if (!names.empty())
    what += "; there are " + config::quote_list(names, "and") + ", as in frontdoor run -- npm run " + std::string(names.front());
  all_.errors.push_back(what);
}

// npm itself starts server.js. What else is there is what a person would try next.
std::string PackageReader::without_start_script() {
  for (const std::string& file : {std::string("server.js"), text_of(package_.if_contains("main")), std::string("app.js"),
                                  std::string("index.js")}) {
    const bool plain = !file.empty() && file.find_first_of(" \t\n\"'\\$`;&|<>(){}*?~#!") == file.npos;
    if (!plain || !files_.exists(directory_ + '/' + file)) continue;
    if (file != "server.js") all_.notes.push_back({"", "scripts.start", "is not there: node " + file + " is started"});
    return "node " + file;
  }
  return "";
}

// From "start" to the script that is no mere `npm run` of another, and its line.
bool PackageReader::resolve(std::string& name, std::string& line) {
  for (int hop = 0; hop < most_hops; ++hop) {
    line = script(name);
    if (line.empty() && name == "start") line = without_start_script();
    if (line.empty()) return no_such_script(name), false;
    const std::string next = script_that_it_runs(line);
    if (next.empty()) return true;
    if (!script("pre" + name).empty() || !script("post" + name).empty()) return true;  // npm stays in between
    name = next;
  }
  all_.errors.push_back("scripts." + name + " runs itself in the end");
  return false;
}

// Those of npm's that say what the package is. The others are npm's settings, which only npm knows.
void PackageReader::add_variables(ImportedApp& app, const std::string& name, const std::string& line) const {
  const auto add = [&](std::string_view variable, std::string value) {
    if (!value.empty() && !value_of(app.env, variable)) app.env.emplace_back(variable, std::move(value));
  };
  add("npm_lifecycle_event", name);
  add("npm_lifecycle_script", line);
  add("npm_package_json", directory_ + "/package.json");
  add("npm_package_name", text_of(package_.if_contains("name")));
  add("npm_package_version", text_of(package_.if_contains("version")));
  const json::value* settings = package_.if_contains("config");
  if (settings == nullptr || !settings->is_object()) return;
  for (const auto& [key, value] : settings->get_object())
    if (!value.is_object() && !value.is_array() && !value.is_null() && key.find('=') == key.npos)
      add("npm_package_config_" + std::string(key), value.is_string() ? text_of(&value) : json::serialize(value));
}

Imported PackageReader::read(std::string_view wanted) {
  std::string name(wanted);
  std::string line;
  if (!resolve(name, line)) return std::move(all_);
  ImportedApp app;
  const std::string package = text_of(package_.if_contains("name"));
  app.name = pool_name(package.substr(package.rfind('/') == package.npos ? 0 : package.rfind('/') + 1), all_);
  app.directory = directory_;
  app.serves = true;
  const auto note = [&](std::string key, std::string what) { all_.notes.push_back({app.name, std::move(key), std::move(what)}); };

  const std::string before = script("pre" + name);
  if (!script("post" + name).empty())
    note("scripts.post" + name, "is not run: what is to happen after the app's end belongs into the app or a script around it");
  if ((line + before).find("npm_config_") != std::string::npos) {
    app.command = {"npm", "run", name};
    note("scripts." + name, "uses npm's own settings (npm_config_…), so npm stays between frontdoor and the app");
  } else {
    auto command = to_command(line);
    if (!command) {
      all_.errors.push_back("scripts." + name + ": " + command.error());
      return std::move(all_);
    }
    if (before.empty()) {
      app.command = std::move(command->words);
      app.env = std::move(command->env);
      if (command->port) app.port = port_number(*command->port);
    } else {
      // Each in a shell of its own, as npm runs them.
      app.command = shell_argv("(" + before + "\n) || exit\n" + with_exec(line));
      command->sets_port = assigns(line, "PORT");
      note("scripts.pre" + name, "runs before each start of each instance, and counts inside start_timeout");
    }
    if (command->sets_port)
      note("scripts." + name, "sets PORT: frontdoor gives each instance a PORT of its own, so take it out");
    add_variables(app, name, line);
  }
  app.before_path = module_path(directory_, files_);
  all_.apps.push_back(std::move(app));
  return std::move(all_);
}

}  // namespace

std::string module_path(const std::string& directory, const Files& files) {
  std::string path;
  std::filesystem::path at(directory);
  for (bool first = true;; first = false, at = at.parent_path()) {
    const std::string modules = (at / "node_modules" / ".bin").string();
    if (first || files.exists(modules)) path += modules + ':';
    if (at == at.parent_path()) break;
  }
  return path;
}

Imported read_package_json(std::string_view text, const std::string& directory, const Files& files,
                           std::string_view script) {
  const JsonText parsed = parse_json(text, Dialect::Strict);
  Imported failed;
  if (!parsed.error.empty()) failed.errors.push_back(parsed.error);
  else if (!parsed.value.is_object()) failed.errors.push_back("1:1: expected an object, not " + std::string(name_of(parsed.value)));
  if (!failed.ok()) return failed;
  return PackageReader(parsed.value.get_object(), directory, files).read(script);
}

}  // namespace frontdoor::importer
