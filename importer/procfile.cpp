// foreman and Heroku pass over what is no entry. Here it is an error: a process that is not started because of a typo
// would be found too late.

#include "importer/procfile.h"

#include <algorithm>
#include <cctype>

#include "config/suggest.h"
#include "base/trimmed.h"
#include "config/values.h"
#include "importer/dotenv.h"
#include "importer/shell_command.h"

namespace frontdoor::importer {
namespace {

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-';
  });
}

class ProcfileReader {
 public:
  ProcfileReader(const std::string& directory, const Files& files) : directory_(directory), files_(files) {}

  Imported read(std::string_view text);

 private:
  void read_line(std::string_view line, std::size_t number);
  void read_environment();
  void choose_who_serves();

  const std::string& directory_;
  const Files& files_;
  Imported all_;
};

void ProcfileReader::read_line(std::string_view line, std::size_t number) {
  line = trimmed(line);
  if (line.empty() || line.front() == '#') return;
  const auto error = [&](const std::string& what) { all_.errors.push_back(std::to_string(number) + ": " + what); };
  const auto colon = line.find(':');
  const std::string_view name = trimmed(line.substr(0, colon));
  if (colon == line.npos || !is_name(name))
    return error("expected a name and a command, as in web: node server.js, not " + config::quote(line));
  if (name == "release") {
    all_.notes.push_back({"release", "", "is for the moment before a deployment and is not started: run it yourself, "
                                         "then restart the others"});
    return;
  }
  const auto same = [&](const ImportedApp& app) { return app.name == name; };
  if (std::any_of(all_.apps.begin(), all_.apps.end(), same)) return error("there is a " + config::quote(name) + " already");
  auto command = to_command(trimmed(line.substr(colon + 1)));
  if (!command) return error(std::string(name) + ": " + command.error());
  if (command->sets_port)
    all_.notes.push_back({std::string(name), "PORT", "is set in the command: frontdoor gives each instance a PORT of "
                                                     "its own, so take it out"});
  ImportedApp app;
  app.name = name;
  app.command = std::move(command->words);
  app.directory = directory_;
  app.env = std::move(command->env);
  if (command->port) app.port = port_number(*command->port);
  all_.apps.push_back(std::move(app));
}

// As foreman does. The file is named, not copied: what is in it may be secret, and may change.
void ProcfileReader::read_environment() {
  const std::string path = directory_ + "/.env";
  const auto text = files_.read(path);
  if (!text) return;
  const auto port = dotenv_value(*text, "PORT");
  for (ImportedApp& app : all_.apps) {
    app.set("env_file", config::toml_string(path));
    if (app.serves && !app.port && port) app.port = port_number(*port);
  }
}

void ProcfileReader::choose_who_serves() {
  const auto web = std::find_if(all_.apps.begin(), all_.apps.end(), [](const ImportedApp& app) { return app.name == "web"; });
  if (web != all_.apps.end()) web->serves = true;
  else
    all_.notes.push_back({"", "", "there is no entry called web, so nothing gets requests"});
}

Imported ProcfileReader::read(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    read_line(text.substr(0, end), number);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (all_.apps.empty() && all_.ok()) all_.errors.push_back("1: there is no entry in it, as in web: node server.js");
  if (!all_.ok()) return std::move(all_);
  choose_who_serves();
  read_environment();
  return std::move(all_);
}

}  // namespace

Imported read_procfile(std::string_view text, const std::string& directory, const Files& files) {
  return ProcfileReader(directory, files).read(text);
}

}  // namespace frontdoor::importer
