#include "importer/ecosystem.h"

#include <algorithm>
#include <array>

#include "config/suggest.h"
#include "importer/ecosystem_app.h"
#include "importer/json_text.h"

namespace frontdoor::importer {
namespace {

namespace json = boost::json;

constexpr std::size_t most_apps = 100;

constexpr auto file_keys = std::to_array<std::string_view>({"apps", "pm2", "deploy"});

// Of a file that has more than apps.
void note_other_keys(const json::object& file, Imported& all) {
  for (const auto& [key, value] : file) {
    if (key == "apps" || key == "pm2") continue;
    if (key == "deploy") {
      all.notes.push_back({"", "deploy", "has no equivalent: frontdoor copies nothing to other machines. Let what does end "
                                         "with frontdoor restart, or point `directory` at a link to the current release"});
      continue;
    }
    const auto meant = config::nearest(key, file_keys);
    all.notes.push_back({"", key, meant ? "is no key of this file, did you mean " + config::quote(*meant) + "?"
                                        : std::string("is no key of this file and is left out")});
  }
}

// pm2 takes { apps: [ … ] }, { pm2: [ … ] }, a list of apps, and a single app.
const json::value* list_of_apps(const json::value& file, Imported& all) {
  if (!file.is_object()) return &file;
  const json::object& object = file.get_object();
  for (const auto key : {"apps", "pm2"})
    if (const json::value* apps = object.if_contains(key)) {
      note_other_keys(object, all);
      return apps;
    }
  if (object.contains("script") || object.contains("exec")) return &file;
  std::vector<std::string_view> names;
  for (const auto& [key, value] : object) names.push_back(key);
  all.errors.push_back("there is no `apps` in it" + (names.empty() ? "" : ", only " + config::quote_list(names, "and")));
  return nullptr;
}

// One app serves. Of several, those that are given a port; when none is, the one whose name says so, else the first.
void choose_who_serves(std::vector<ImportedApp>& apps) {
  bool any = false;
  for (ImportedApp& app : apps) {
    const auto has_port = [](const auto& profile) { return value_of(profile.second, "PORT").has_value(); };
    app.serves = app.port || value_of(app.env, "PORT") || std::any_of(app.profiles.begin(), app.profiles.end(), has_port);
    any = any || app.serves;
  }
  if (any || apps.empty()) return;
  for (const auto name : {"web", "www", "http", "server", "api", "app"})
    for (ImportedApp& app : apps)
      if (app.name == name) return void(app.serves = true);
  apps.front().serves = true;
}

}  // namespace

Imported read_ecosystem(std::string_view text, const std::string& directory, const Files& files) {
  Imported all;
  const JsonText parsed = parse_json(text, Dialect::WithComments);
  if (!parsed.error.empty()) {
    all.errors.push_back(parsed.error);
    return all;
  }
  const json::value* apps = list_of_apps(parsed.value, all);
  if (apps == nullptr) return all;
  const auto read_one = [&](const json::value& app, const std::string& where) {
    if (app.is_object()) read_ecosystem_app(app.get_object(), where, directory, files, all);
    else all.errors.push_back(where + ": expected an object with a script, not " + std::string(name_of(app)));
  };
  if (apps->is_array()) {
    const json::array& list = apps->get_array();
    if (list.empty()) all.errors.push_back("there is no app in it");
    if (list.size() > most_apps) all.errors.push_back("there are more than " + std::to_string(most_apps) + " apps in it");
    else
      for (std::size_t i = 0; i < list.size(); ++i) read_one(list[i], "apps[" + std::to_string(i) + "]");
  } else {
    read_one(*apps, "apps");
  }
  choose_who_serves(all.apps);
  return all;
}

}  // namespace frontdoor::importer
