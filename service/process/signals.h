// Signals between the first line of the program and the moment when the service listens for them. Their sender (a deploy,
// logrotate, a stop that comes at once) does not know how far a start has come. Main thread.
//
//   SIGHUP, SIGUSR1, SIGUSR2   wait until then; by default they would end the process
//   SIGTERM, SIGINT   end a start, which has begun nothing yet, with status 0 as they end a server; also one that
//                     hangs. A front door has a launcher that counts on it, and so they wait, too

#pragma once

#include <cstdint>

namespace frontdoor {

enum class StartedBy : std::uint8_t { User, Launcher };

void hold_signals(StartedBy who);
// While this process becomes the launcher, by executing this program again: what comes now is that one's.
void hold_stop_signals();
void release_signals();  // those that came meanwhile are delivered now

}  // namespace frontdoor
