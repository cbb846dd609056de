// The spine of a load: document, then sections in the order in which they inherit, then checks over all.

#include "config/load.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "config/include.h"
#include "config/reader.h"

namespace frontdoor::config {
namespace {

// A table at the top of the file that holds plain values only.
void read_section(const Value& root, std::string_view name, const schema::Table& table, schema::Object object,
                  Reader& reader) {
  const auto* value = root.find(name);
  const auto heading = std::string(table.heading);
  if (value != nullptr && is_table(*value, name, heading, reader))
    read_plain_keys(*value, {table, heading}, object, reader);
}

// Timeouts come before pools and pools before routes, since each inherits from the one before.
void read_config(const Document& document, const LoadOptions& options, Reader& reader) {
  auto& config = reader.config;
  const auto& root = document.root;
  read_plain_keys(root, {schema::root, ""}, &config, reader);
  read_section(root, "timeouts", schema::timeouts, &config.timeouts, reader);
  if (const auto* timeouts = root.find("timeouts"))
    if (const auto* drain_delay = timeouts->find("drain_delay")) reader.drain_delay = drain_delay->at;
  read_section(root, "limits", schema::limits, &config.limits, reader);
  read_section(root, "access_log", schema::access_log, &config.access_log, reader);
  read_section(root, "log", schema::log, &config.log, reader);
  read_section(root, "admin", schema::admin, &config.admin, reader);
  read_listeners(root, reader);
  read_pools(root, reader);
  read_routes(root, reader);
  check(root, options, reader);
}

}  // namespace

bool Loaded::ok() const {
  return std::none_of(diagnostics.begin(), diagnostics.end(),
                      [](const Diagnostic& d) { return d.severity == Diagnostic::Severity::Error; });
}

LoadOptions options_of_this_process(std::string_view name) {
  LoadOptions options;
  options.environment = [](const std::string& variable) -> std::optional<std::string> {
    const char* value = std::getenv(variable.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
  const auto directory = std::filesystem::path(name).parent_path();
  options.directory = directory.empty() ? "." : directory.string();
  // It is read again at each reload, on the thread that everything waits for: a pipe would stop there for ever.
  options.read_file = [](const std::string& path) {
    std::error_code error;
    if (std::filesystem::exists(path, error) && !std::filesystem::is_regular_file(path, error))
      return FileText{"", "it is no regular file"};
    return read_file(path, largest_file);
  };
  options.accounts = look_up_account;
  options.runs_as = RunsAs{::geteuid(), ::getegid()};
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max != RLIM_INFINITY)
    options.open_files = limit.rlim_max;
  return options;
}

Loaded load(std::string_view text, std::string_view name, const LoadOptions& options) {
  Diagnostics diagnostics;
  auto document = read_document(text, name, options, diagnostics);
  Reader reader{.diagnostics = diagnostics, .options = options, .complete = document.complete, .read = std::move(document.read)};
  read_config(document, options, reader);
  Loaded loaded{std::move(reader.config), diagnostics.in_file_order(), std::move(document.files), std::move(reader.read)};
  loaded.read.text = text;
  for (const ListenerPlace& place : reader.listeners) loaded.listener_places.push_back(diagnostics.place(place.at));
  return loaded;
}

Loaded load(std::string_view text, std::string_view name) {
  return load(text, name, options_of_this_process(name));
}

}  // namespace frontdoor::config
