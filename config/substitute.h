// ${VAR} and ${VAR:-default} in the strings of a document. `$${` stands for a plain `${`.

#pragma once

#include <functional>
#include <optional>
#include <string>

#include "config/document.h"

namespace frontdoor::config {

using Environment = std::function<std::optional<std::string>(const std::string&)>;

// A string that cannot be completed is reported and becomes Invalid, so that nobody complains about it again.
void substitute(Value& value, const Environment& environment, Diagnostics& diagnostics);

}  // namespace frontdoor::config
