// Any bytes as fd.toml: load() answers without crashing, and what it accepts survives show() and loads back
// the same.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "config/load.h"
#include "config/show.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace frontdoor::config;
  LoadOptions options;  // no directory: an include must not read the machine's files
  options.environment = [](const std::string& name) -> std::optional<std::string> {
    return name == "SET" ? std::optional<std::string>("value") : std::nullopt;
  };
  const auto loaded = load(std::string_view(reinterpret_cast<const char*>(data), size), "fuzz.toml", options);
  for (const auto& diagnostic : loaded.diagnostics)
    if (diagnostic.message.empty()) std::abort();
  if (!loaded.ok()) return 0;

  const auto again = load(show(loaded.config), "shown.toml", options);
  if (!again.ok() || !(again.config == loaded.config)) std::abort();
  return 0;
}
