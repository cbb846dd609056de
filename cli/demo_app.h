// One instance of the demo: a tiny app, whose main feature is that it can be crashed. It is told by its environment where
// to listen (PORT) and who it is (FRONTDOOR_INSTANCE), as every app is that frontdoor runs.
//
//   GET  /            the page
//   GET  /api/whoami  {"name":"app.1","pid":…,"uptime":…,"requests":…}
//   GET  /api/status  what `frontdoor status --json` says of the frontdoor that has started it
//   GET  /healthz     200 ok
//   GET  /crash       202, and the process aborts a moment later
//   POST /crash       the process aborts while it handles this: no answer

#pragma once

#include "cli/program.h"

namespace frontdoor::cli {

// Returns an exit status when it can not serve; otherwise never.
int run_demo_app(const Streams& streams);

}  // namespace frontdoor::cli
