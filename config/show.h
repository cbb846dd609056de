// `frontdoor config show`: a Config as complete TOML, all defaults spelled out and all sugar expanded.
// Loading it gives an equal Config.

#pragma once

#include <string>

#include "config/config.h"

namespace frontdoor::config {

std::string show(const Config& config);

}  // namespace frontdoor::config
