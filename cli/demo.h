// `frontdoor demo`: a front door on loopback that runs three instances of demo_app, as it runs any app, and on the terminal
// what happens to them.

#pragma once

#include <string>
#include <vector>

#include "cli/arguments.h"
#include "cli/program.h"

namespace frontdoor::cli {

// `words`: as the program was started, for the launcher.
int run_demo(const DemoCommand& command, const std::vector<std::string>& words, const Streams& streams);

}  // namespace frontdoor::cli
