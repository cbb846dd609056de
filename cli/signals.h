// Signals between the first line of the program and the moment when somebody listens for them. SIGHUP and
// SIGUSR1 end a process by default, and whoever sends one (a deploy, logrotate) does not know how far a start
// has come: until then they wait. SIGTERM and SIGINT keep their default, so that a start that hangs can be
// ended. Main thread.

#pragma once

namespace frontdoor {

void hold_signals();
void release_signals();  // those that came meanwhile are delivered now

}  // namespace frontdoor
