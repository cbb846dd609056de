// A config as TOML with every default filled in. Loading what it prints gives the same config again. Pure.

#pragma once

#include <string>

#include "config/config.h"

namespace frontdoor::cli {

std::string show_config(const config::Config& config);

}  // namespace frontdoor::cli
