// From what a file says of its apps to what frontdoor makes of them: who gets which requests, where it listens, which
// environment was asked for on the command line. Pure.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "importer/imported_app.h"

namespace frontdoor::importer {

// The options of `run DIRECTORY`; nothing given is what the file says.
struct PlanOptions {
  std::optional<std::uint32_t> instances = {};  // of the app that gets the requests; 0 = "max"
  std::string listen = {};
  std::string health_path = {};
  std::string profile = {};  // --env: chosen when the config is loaded; its PORT counts here
  bool watch = false;
};

struct PlannedRoute {
  std::string host = {};  // "" = all that is left
  std::string pool = {};
};

struct Plan {
  std::string listen = {};
  std::vector<PlannedRoute> routes = {};  // none: there is one pool, or nothing gets requests
};

inline constexpr const char* default_listen = "127.0.0.1:8080";

// Changes the apps, and adds to their notes and errors.
Plan make_plan(Imported& imported, const PlanOptions& options);

}  // namespace frontdoor::importer
