#include "importer/to_toml.h"

#include "base/search_path.h"
#include "config/values.h"

namespace frontdoor::importer {
namespace {

using config::toml_key;
using config::toml_string;


// A config is refused when more than a hundred dots follow each other before a comma or the like, since a key of so many
// parts would be nested too deeply; those of a text are written so that they do not count.
std::string few_dots(std::string toml) {
  std::string result;
  int dots = 0;
  for (const char c : toml)
    if (c == '.' && ++dots > 90) result += "\\u002E";
    else result += c;
  return result;
}

std::string key_of(std::string_view name) { return few_dots(toml_key(name)); }

void append_line(std::string& out, const std::string& key, const std::string& value) {
  out += key + " = " + few_dots(value) + '\n';
}

std::string command_of(const ImportedApp& app) {
  std::string text;
  for (const std::string& word : app.command) text += (text.empty() ? "" : ", ") + toml_string(word);
  return '[' + text + ']';
}

void append_variables(std::string& out, const std::string& heading, const Variables& variables, const std::string& before_path) {
  if (variables.empty() && before_path.empty()) return;
  out += "\n[" + heading + "]\n";
  for (const auto& [name, value] : variables)
    if (before_path.empty() || name != "PATH") append_line(out, key_of(name), toml_string(value));
  if (before_path.empty()) return;
  // What the operator's PATH has, it has at each start.
  std::string path = toml_string(before_path);
  path.insert(path.size() - 1, "${PATH:-" + std::string(kDefaultPath) + '}');
  append_line(out, "PATH", path);
}

// The settings of one table below the pool, "restart" or "logs".
void append_table(std::string& out, const ImportedApp& app, const std::string& table) {
  bool begun = false;
  for (const auto& [key, value] : app.settings) {
    if (!key.starts_with(table + '.')) continue;
    if (!std::exchange(begun, true)) out += "\n[pool." + key_of(app.name) + '.' + table + "]\n";
    append_line(out, key.substr(table.size() + 1), value);
  }
}

void append_pool(std::string& out, const ImportedApp& app) {
  const std::string heading = "pool." + key_of(app.name);
  out += "\n[" + heading + "]\n";
  append_line(out, "command", command_of(app));
  append_line(out, "directory", toml_string(app.directory));
  append_line(out, "instances", app.instances == 0 ? "\"max\"" : std::to_string(app.instances));
  if (!app.health_path.empty()) append_line(out, "health_check", toml_string(app.health_path));
  for (const auto& [key, value] : app.settings)
    if (key.find('.') == key.npos) append_line(out, key, value);
  for (const char* table : {"restart", "logs"}) append_table(out, app, table);
  append_variables(out, heading + ".env", app.env, app.before_path);
  // Also one that changes nothing here, because its PORT is the listener's now: --env may ask for it.
  for (const auto& [name, variables] : app.profiles) {
    const std::string profile = heading + ".profile." + key_of(name);
    if (variables.empty()) out += "\n[" + profile + "]\n";
    append_variables(out, profile + ".env", variables, "");
  }
}

}  // namespace

std::string to_toml(const Imported& imported, const Plan& plan, const std::string& from, AccessLog access_log) {
  std::string out = "# Made of " + toml_string(from) + " by frontdoor.";
  if (!imported.notes.empty()) out += " What is otherwise than there, or has no equivalent:";
  out += '\n';
  for (const std::string& line : lines_of(imported.notes)) out += "#   " + line + '\n';
  out += "\nlisten = " + toml_string(plan.listen) + '\n';
  if (access_log == AccessLog::Off) out += "\n[access_log]\noutput = \"off\"\n";
  for (const PlannedRoute& route : plan.routes) {
    out += "\n[[route]]\n";
    if (!route.host.empty()) append_line(out, "host", toml_string(route.host));
    append_line(out, "pool", toml_string(route.pool));
  }
  for (const ImportedApp& app : imported.apps) append_pool(out, app);
  return out;
}

}  // namespace frontdoor::importer
