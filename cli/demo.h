// `frontdoor demo`: a front door on loopback, three instances of demo_app behind it, and on the terminal what
// happens to them. The instances are children that are started again two seconds after they end; whether they
// get traffic is the front door's own business, as with any upstream.

#pragma once

#include "cli/arguments.h"
#include "cli/program.h"

namespace frontdoor::cli {

int run_demo(const DemoCommand& command, const Streams& streams);

}  // namespace frontdoor::cli
