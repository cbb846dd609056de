// One instance of the demo: a tiny HTTP/1.1 server on a loopback port, whose main feature is that it can be
// crashed.
//
//   GET  /            the page
//   GET  /api/whoami  {"name":"a","pid":…,"uptime":…,"requests":…}
//   GET  /healthz     200 ok
//   GET  /crash       202, and the process aborts a moment later
//   POST /crash       the process aborts while it handles this: no answer
//
// It tells its parent what it does by single letters on standard output: l = it listens, p = it answered a
// probe.

#pragma once

#include "cli/arguments.h"

namespace frontdoor::cli {

inline constexpr char kReportListening = 'l';
inline constexpr char kReportProbed = 'p';

// Returns an exit status when it can not listen, or when its parent is gone; otherwise never.
int run_demo_app(const DemoAppCommand& command);

}  // namespace frontdoor::cli
