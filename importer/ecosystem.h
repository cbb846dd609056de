// pm2's ecosystem file, as JSON: what `ecosystem.config.json` has in it, and what a .js of that kind exports. Pure; who
// runs the .js is cli/run_js_config.h.

#pragma once

#include <span>
#include <string>
#include <string_view>

#include "importer/files.h"
#include "importer/imported_app.h"

namespace frontdoor::importer {

// `directory` is where the file lies: what `cwd` is relative to, and where an app without one runs.
Imported read_ecosystem(std::string_view text, const std::string& directory, const Files& files);

// Every key of an app that is known, with what becomes of it: docs/coming-from-pm2.md must name each.
struct EcosystemKey {
  std::string_view name;
  std::string_view instead = "";  // of what has no equivalent: what to do; "" = it has one
};
std::span<const EcosystemKey> ecosystem_keys();

}  // namespace frontdoor::importer
