#include "importer/ecosystem_command.h"

#include <array>
#include <filesystem>

#include "importer/package_json.h"
#include "importer/shell_command.h"

namespace frontdoor::importer {
namespace {

struct Interpreter {
  std::string_view extension;
  std::string_view command;
};

// What pm2 starts by the end of a script's name.
constexpr auto interpreters = std::to_array<Interpreter>({{".js", "node"},
                                                          {".cjs", "node"},
                                                          {".mjs", "node"},
                                                          {".sh", "bash"},
                                                          {".py", "python3"},
                                                          {".rb", "ruby"},
                                                          {".pl", "perl"},
                                                          {".php", "php"},
                                                          {".ts", "bun"},
                                                          {".tsx", "bun"},
                                                          {".coffee", "coffee"}});

std::string in_directory(const std::string& directory, const std::string& path) {
  return (std::filesystem::path(directory) / path).string();
}

// A file of the app's directory is named so that it is not looked for in PATH.
std::string executable(const std::string& script) {
  return script.find('/') == script.npos ? "./" + script : script;
}

bool executes_itself(const std::string& head) { return head.starts_with("#!") || head.starts_with("\x7F""ELF"); }

// `npm start` and `npm run x` without npm, as for a package.json itself. False: it is something else.
bool set_npm_script(const ScriptToRun& what, const Files& files, ImportedApp& app, Imported& all) {
  const std::string name = what.script.substr(what.script.rfind('/') == what.script.npos ? 0 : what.script.rfind('/') + 1);
  std::string script;
  if (name == "npm" && what.args.size() == 1 && what.args[0] == "start") script = "start";
  if (name == "npm" && what.args.size() == 2 && (what.args[0] == "run" || what.args[0] == "run-script")) script = what.args[1];
  if (script.empty()) return false;
  const auto text = files.read(in_directory(app.directory, "package.json"));
  if (!text) return false;
  Imported package = read_package_json(*text, app.directory, files, script);
  for (const std::string& error : package.errors) all.errors.push_back("package.json: " + error);
  for (Note& note : package.notes) all.notes.push_back({app.name, std::move(note.key), std::move(note.what)});
  if (package.apps.empty()) return true;
  ImportedApp& of_npm = package.apps.front();
  app.command = std::move(of_npm.command);
  app.before_path = std::move(of_npm.before_path);
  if (of_npm.port) app.port = of_npm.port;
  for (auto& [variable, value] : of_npm.env) assign(app.env, variable, std::move(value));
  return true;
}

}  // namespace

void set_command(const ScriptToRun& what, const Files& files, ImportedApp& app, Imported& all) {
  const std::string path = in_directory(app.directory, what.script);
  const bool is_file = files.exists(path);
  const auto append = [&](const std::vector<std::string>& words) {
    app.command.insert(app.command.end(), words.begin(), words.end());
  };
  std::optional<std::string> interpreter = what.interpreter;
  if (interpreter && interpreter->starts_with("node@")) {
    all.notes.push_back({app.name, "interpreter", "asks for a Node of a certain version, which nobody installs here: the "
                                                  "node in PATH is taken. Name the one you want by its path"});
    interpreter = "node";
  }
  if (!interpreter && set_npm_script(what, files, app, all)) return;
  // pm2 gives what is no file and has blanks in it to a shell.
  if (!interpreter && !is_file && what.script.find(' ') != what.script.npos) {
    auto command = to_command(what.script);
    if (!command) return all.errors.push_back(app.name + ": script: " + command.error());
    if (command->sets_port)
      all.notes.push_back({app.name, "script", "sets PORT: frontdoor gives each instance a PORT of its own, so take it out"});
    app.command = std::move(command->words);
    for (auto& [name, value] : command->env) assign(app.env, name, std::move(value));
    if (command->port) app.port = port_number(*command->port);
    if (command->by_shell && !what.args.empty()) {
      app.command.back() += " \"$@\"";
      app.command.push_back("sh");
    }
    return append(what.args);
  }
  if (!interpreter) {
    const std::string extension = std::filesystem::path(what.script).extension().string();
    for (const Interpreter& known : interpreters)
      if (known.extension == extension) interpreter = known.command;
    if (extension == ".ts" || extension == ".tsx")
      all.notes.push_back({app.name, "script", "is TypeScript and started with bun, as pm2 6 does: name another "
                                               "interpreter if it is not that"});
  }
  if (!interpreter && is_file) {
    const auto head = files.read(path);
    if (head && !head->empty() && !executes_itself(*head)) interpreter = "node";
  }
  if (interpreter && *interpreter != "none") {
    app.command = {*interpreter};
    append(what.interpreter_args);
    app.command.push_back(what.script);
  } else {
    if (!what.interpreter_args.empty())
      all.notes.push_back({app.name, "node_args", "has no effect: the script is executed without an interpreter"});
    app.command = {is_file ? executable(what.script) : what.script};
  }
  append(what.args);
}

}  // namespace frontdoor::importer
