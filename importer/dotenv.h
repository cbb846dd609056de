// The file .env beside a Procfile: only read for what decides where to listen; the instances get it as `env_file`.
// Pure.

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace frontdoor::importer {

// The last value that it gives this variable, quotes taken off.
std::optional<std::string> dotenv_value(std::string_view text, std::string_view name);

}  // namespace frontdoor::importer
