// A disk that is a map, and what was imported as lines that a table can hold.

#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "config/load.h"
#include "importer/files.h"
#include "importer/imported_app.h"
#include "importer/plan.h"
#include "importer/to_toml.h"

namespace frontdoor::importer {

using Disk = std::map<std::string, std::string>;

inline Files files_of(Disk disk) {
  Files files;
  files.exists = [disk](const std::string& path) { return disk.contains(path); };
  files.read = [disk](const std::string& path) -> std::optional<std::string> {
    const auto found = disk.find(path);
    if (found == disk.end()) return std::nullopt;
    return found->second;
  };
  return files;
}

inline std::string joined(const std::vector<std::string>& words, const char* between = " ") {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

inline std::string variables(const Variables& env) {
  std::string text;
  for (const auto& [name, value] : env) text += (text.empty() ? "" : " ") + name + '=' + value;
  return text;
}

// What a load of the TOML that is made of it says against it, and the pools that it has.
struct RoundTrip {
  std::string toml;
  std::string problems;
  config::Config config;
};

inline RoundTrip round_trip(Imported imported, const PlanOptions& options = {}) {
  const Plan plan = make_plan(imported, options);
  RoundTrip result;
  result.problems = joined(imported.errors, "\n");
  result.toml = to_toml(imported, plan, "file", AccessLog::AsByDefault);
  config::LoadOptions load_options;
  load_options.environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "PATH") return "/bin";
    return std::nullopt;
  };
  load_options.profile = options.profile;
  auto loaded = config::load(result.toml, "fd.toml", load_options);
  for (const auto& diagnostic : loaded.diagnostics) result.problems += diagnostic.to_string() + '\n';
  result.config = std::move(loaded.config);
  return result;
}

}  // namespace frontdoor::importer
