// Who already listens on an address: for the error message that people need most, and to find out whether
// that is a frontdoor that is leaving, whose place its successor may take while it still serves. Reads /proc;
// control thread.

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace frontdoor {

// "pid 4711 (node)", or "" when it cannot be seen (another user's process).
std::string describe_port_holder(std::uint16_t port);

// A process that drains says so by its name, which `ps` shows too. Main thread.
void say_that_we_leave();
bool is_leaving(pid_t process);
// Whether all that listen on the port are leaving, as far as they can be seen, and there is one.
bool held_by_leaving_only(std::uint16_t port);

}  // namespace frontdoor
