// `frontdoor events`: what a running frontdoor remembers of what happened, and what happens. Main thread, blocking.

#pragma once

#include "cli/arguments.h"
#include "cli/program.h"

namespace frontdoor::cli {

int show_events(const EventsCommand& command, const Streams& streams);

}  // namespace frontdoor::cli
