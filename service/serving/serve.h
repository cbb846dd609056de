// Runs frontdoor on a config until a signal ends it: workers, health, reload. The only place that wires.

#pragma once

#include "config/config.h"
#include "service/process/serve_options.h"

namespace frontdoor {

int serve(const config::Config& config, const ServeOptions& options);  // exit status

}  // namespace frontdoor
