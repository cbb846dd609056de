#include "cli/import_apps.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <ostream>

#include "base/read_file.h"
#include "cli/run_js_config.h"
#include "importer/ecosystem.h"
#include "importer/package_json.h"
#include "importer/plan.h"
#include "importer/procfile.h"
#include "importer/source.h"
#include "importer/to_toml.h"
#include "service/process/exit_codes.h"

namespace frontdoor::cli {
namespace {

namespace fs = std::filesystem;
using importer::Imported;
using importer::ImportedApp;
using importer::Source;
using importer::SourceKind;

constexpr std::size_t largest_file = 1u << 20;

bool same_directory(const std::string& a, const std::string& b) {
  struct stat one {}, other {};
  return ::stat(a.c_str(), &one) == 0 && ::stat(b.c_str(), &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

// As `pwd` says it: a link to the current release stays a link, so that a later start follows it.
std::string absolute(const std::string& path) {
  std::string here = fs::current_path().string();
  if (const char* const shell = std::getenv("PWD"); shell != nullptr && *shell == '/' && same_directory(shell, ".")) here = shell;
  std::string result = (fs::path(here) / path).lexically_normal().string();
  if (result.size() > 1 && result.ends_with('/')) result.pop_back();
  return result;
}

importer::Files files_of_this_machine() {
  importer::Files files;
  files.exists = [](const std::string& path) {
    std::error_code error;
    return fs::exists(path, error);
  };
  files.read = [](const std::string& path) -> std::optional<std::string> {
    std::error_code error;
    if (!fs::is_regular_file(path, error)) return std::nullopt;
    FileText file = read_file(path, largest_file);
    if (!file.error.empty()) return std::nullopt;
    return std::move(file.text);
  };
  return files;
}

Imported failed(const std::string& why) {
  Imported all;
  all.errors.push_back(why);
  return all;
}

Imported read_source(const Source& source, const importer::Files& files) {
  const std::string directory = fs::path(source.path).parent_path().string();
  std::string text;
  if (source.kind == SourceKind::EcosystemScript) {
    JsConfig config = run_js_config(source.path);
    if (!config.error.empty()) return failed(config.error);
    text = std::move(config.json);
  } else {
    FileText file = read_file(source.path, largest_file);
    if (!file.error.empty()) return failed(file.error);
    if (source.kind == SourceKind::Script) return importer::read_script(source.name, directory);
    text = std::move(file.text);
  }
  if (const auto problem = importer::text_problem(text); !problem.empty()) return failed(problem);
  switch (source.kind) {
    case SourceKind::Procfile:
      return importer::read_procfile(text, directory, files);
    case SourceKind::PackageJson:
      return importer::read_package_json(text, directory, files);
    default:
      return importer::read_ecosystem(text, directory, files);
  }
}

int refuse(const std::string& what, const Streams& streams) {
  streams.err << what << "\n";
  return kExitBadConfig;
}

int refuse(const Imported& imported, const std::string& name, const Streams& streams) {
  for (const std::string& error : imported.errors) streams.err << name << ':' << (error.front() >= '0' && error.front() <= '9' ? "" : " ") << error << "\n";
  return kExitBadConfig;
}

boost::system::result<Source, std::string> source_at(const std::string& given, const importer::Files& files) {
  const std::string path = absolute(given);
  std::error_code error;
  if (fs::is_directory(path, error)) return importer::find_source(path, files);
  if (!files.exists(path)) return given + ": there is no such file or directory";
  return importer::source_of_file(path);
}

// "web x2 (gets the requests), worker"
std::string entries(const Imported& imported) {
  std::string text;
  for (const ImportedApp& app : imported.apps) {
    text += (text.empty() ? "" : ", ") + app.name;
    if (app.instances != 1) text += app.instances == 0 ? " x max" : " x " + std::to_string(app.instances);
    if (app.serves && imported.apps.size() > 1) text += " (gets requests)";
  }
  return text;
}

void tell(const Imported& imported, const std::string& name, const Streams& streams) {
  for (const std::string& line : importer::lines_of(imported.notes)) streams.err << name << ": " << line << "\n";
}

}  // namespace

std::optional<ImportedText> import_to_run(const ImportRun& run, const std::string& profile, const Streams& streams,
                                          int& status) {
  const importer::Files files = files_of_this_machine();
  const auto source = source_at(run.path, files);
  if (!source) {
    const bool word = run.path.find('/') == std::string::npos && !files.exists(absolute(run.path));
    return status = refuse(source.error() + (word ? "; a command stands behind --, as in run -- " + run.path : ""), streams),
           std::nullopt;
  }
  if (source->kind == SourceKind::Config) {
    if (!run.instances && run.listen.empty() && run.health_path.empty() && !run.watch)
      return ImportedText{"", "", source->path};
    streams.err << "frontdoor: " << source->name << " is served as it is: what -i, --listen, --health and --watch say belongs into it\n";
    return status = kExitUsage, std::nullopt;
  }
  Imported imported = read_source(*source, files);
  // Only an ecosystem file has environments. Elsewhere the name is what it is for a command: what Node apps ask for.
  const bool has_environments = source->kind == SourceKind::Ecosystem || source->kind == SourceKind::EcosystemScript;
  if (!has_environments && !profile.empty())
    for (ImportedApp& app : imported.apps) app.profiles.push_back({profile, {{"NODE_ENV", profile}}});
  importer::PlanOptions options;
  options.profile = profile;
  options.instances = run.instances;
  options.listen = run.listen;
  options.health_path = run.health_path;
  options.watch = run.watch;
  const importer::Plan plan = importer::make_plan(imported, options);
  if (!imported.ok()) return status = refuse(imported, source->name, streams), std::nullopt;
  std::string also;
  for (const std::string& name : source->also_there) also += (also.empty() ? "" : ", ") + name;
  streams.err << source->name << ": starts " << entries(imported) << (also.empty() ? "" : "; not read: " + also) << "\n";
  tell(imported, source->name, streams);
  return ImportedText{importer::to_toml(imported, plan, source->name, importer::AccessLog::Off), source->name + " as fd.toml", ""};
}

int print_import(const ImportCommand& command, const Streams& streams) {
  const importer::Files files = files_of_this_machine();
  const auto source = source_at(command.path, files);
  if (!source) return refuse(source.error(), streams);
  if (source->kind == SourceKind::Config) return refuse(source->name + ": it is frontdoor's own config already", streams);
  Imported imported = read_source(*source, files);
  const importer::Plan plan = importer::make_plan(imported, {});
  if (!imported.ok()) return refuse(imported, source->name, streams);
  streams.out << importer::to_toml(imported, plan, source->name, importer::AccessLog::AsByDefault);
  tell(imported, source->name, streams);
  return kExitOk;
}

}  // namespace frontdoor::cli
