// Who already listens on a TCP port, for the error message that people need most. Reads /proc; control thread.

#pragma once

#include <cstdint>
#include <string>

namespace frontdoor {

// "pid 4711 (node)", or "" when it cannot be seen (another user's process).
std::string describe_port_holder(std::uint16_t port);

}  // namespace frontdoor
