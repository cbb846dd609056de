#include "importer/plan.h"

#include <algorithm>

#include "config/suggest.h"
#include "config/values.h"

namespace frontdoor::importer {
namespace {

// Whether the environment that was asked for is one of the file's.
void find_profile(Imported& imported, const std::string& wanted) {
  if (wanted.empty()) return;
  std::vector<std::string_view> names;
  for (const ImportedApp& app : imported.apps)
    for (const auto& profile : app.profiles)
      if (std::find(names.begin(), names.end(), profile.first) == names.end()) names.push_back(profile.first);
  if (std::find(names.begin(), names.end(), wanted) != names.end()) return;
  std::string what = "--env " + wanted + ": the file has no env_" + wanted;
  if (const auto meant = config::nearest(wanted, names)) what += ", did you mean " + std::string(*meant) + "?";
  else if (!names.empty()) what += "; it has " + config::quote_list(names, "and");
  imported.errors.push_back(what);
}

// PORT is frontdoor's to give. The one in the file is where clients have found the app; that of the environment that
// was asked for comes first.
void take_port(ImportedApp& app, const std::string& profile, std::vector<Note>& notes) {
  const auto from = [&](Variables& variables, bool counts) {
    const auto value = value_of(variables, "PORT");
    if (!value) return;
    std::erase_if(variables, [](const auto& variable) { return variable.first == "PORT"; });
    const auto number = port_number(*value);
    if (!number) notes.push_back({app.name, "PORT", config::quote(*value) + " is no port, and frontdoor gives each instance its own"});
    else if (counts) app.port = number;
    else if (number != app.port) notes.push_back({app.name, "PORT", *value + " of another environment is left out: there is one `listen`"});
  };
  const auto is_chosen = [&](const auto& entry) { return entry.first == profile; };
  const auto chosen = std::find_if(app.profiles.begin(), app.profiles.end(), is_chosen);
  const bool by_profile = chosen != app.profiles.end() && value_of(chosen->second, "PORT");
  if (by_profile) from(chosen->second, true);
  from(app.env, !by_profile && !app.port);
  for (auto& entry : app.profiles) from(entry.second, app.serves && !app.port);
}

std::string host_of(const std::string& pool) {
  std::string host;
  for (const char c : pool) host += c == '_' ? '-' : static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return host + ".localhost";
}

void override_with(const PlanOptions& options, ImportedApp& first, std::vector<ImportedApp>& apps) {
  if (options.instances) first.instances = *options.instances;
  if (!options.health_path.empty()) first.health_path = options.health_path;
  if (!options.watch) return;
  for (ImportedApp& app : apps)
    if (app.setting("watch") == nullptr) app.set("watch", "[\".\"]");
}

}  // namespace

Plan make_plan(Imported& imported, const PlanOptions& options) {
  Plan plan;
  if (!imported.ok()) return plan;
  find_profile(imported, options.profile);
  for (ImportedApp& app : imported.apps) take_port(app, options.profile, imported.notes);
  for (ImportedApp& app : imported.apps)
    if (!app.serves) app.set("port", "\"none\"");
  std::vector<ImportedApp*> serving;
  for (ImportedApp& app : imported.apps)
    if (app.serves) serving.push_back(&app);
  ImportedApp& first = serving.empty() ? imported.apps.front() : *serving.front();
  override_with(options, first, imported.apps);

  plan.listen = options.listen;
  if (plan.listen.empty() && first.serves && first.port) {
    const std::string port = std::to_string(*first.port);
    plan.listen = "127.0.0.1:" + port;
    imported.notes.push_back({first.name, "PORT", port + " is where frontdoor listens now, for this machine alone (\":" + port +
                                                      "\" is for all); each instance gets a PORT of its own"});
  }
  if (plan.listen.empty()) plan.listen = default_listen;
  if (imported.apps.size() == 1) return plan;
  for (ImportedApp* app : serving) {
    if (app == &first) continue;
    plan.routes.push_back({host_of(app->name), app->name});
    imported.notes.push_back({app->name, "", "gets the requests for " + host_of(app->name) + " of the same listener" +
                                                 (app->port ? ", no longer port " + std::to_string(*app->port) : "") +
                                                 ": write the host or the path that it is to have into its [[route]]"});
  }
  if (!serving.empty()) plan.routes.push_back({"", first.name});
  return plan;
}

}  // namespace frontdoor::importer
