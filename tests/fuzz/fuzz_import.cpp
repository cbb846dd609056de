// Any bytes as one of the files that are imported; the first byte says as which. What is read without an error makes a
// fd.toml whose text is one, and whose commands are those that were read.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "config/load.h"
#include "importer/dotenv.h"
#include "importer/ecosystem.h"
#include "importer/package_json.h"
#include "importer/plan.h"
#include "importer/procfile.h"
#include "importer/to_toml.h"

namespace {

using namespace frontdoor;
using namespace frontdoor::importer;

Files files_around(std::string_view text) {
  Files files;
  files.exists = [](const std::string& path) { return path.size() % 2 == 0; };
  files.read = [text](const std::string&) { return std::string(text); };  // a package.json or .env that is no less hostile
  return files;
}

Imported read(std::uint8_t kind, std::string_view text) {
  const Files files = files_around(text);
  switch (kind % 3) {
    case 0:
      return read_procfile(text, "/srv/app", files);
    case 1:
      return read_package_json(text, "/srv/app", files);
    default:
      return read_ecosystem(text, "/srv/app", files);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (!text_problem(text).empty()) return 0;  // refused before it is read
  dotenv_value(text, "PORT");
  Imported imported = read(data[0], text);
  for (const std::string& error : imported.errors)
    if (error.empty()) std::abort();
  if (imported.ok() && imported.apps.empty()) std::abort();
  const Plan plan = make_plan(imported, {});
  if (!imported.ok()) return 0;

  config::LoadOptions options;
  options.environment = [](const std::string&) -> std::optional<std::string> { return std::nullopt; };
  const auto loaded = config::load(to_toml(imported, plan, "fuzz", AccessLog::AsByDefault), "fuzz.toml", options);
  // A value may be one that frontdoor refuses (a word with a NUL); the text is TOML, and has each app.
  if (loaded.config.pools.size() != imported.apps.size()) std::abort();
  for (std::size_t i = 0; loaded.ok() && i < imported.apps.size(); ++i)
    if (loaded.config.pools[i].process.command != imported.apps[i].command) std::abort();
  return 0;
}
