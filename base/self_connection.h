// A connect to a dead port in the ephemeral range may meet itself, by TCP's simultaneous open: nobody serves there. Any thread.

#pragma once

#include <cstdint>

namespace frontdoor {

// `port`: that was connected to; only a socket whose own is the same is asked further.
bool connected_to_itself(int fd, std::uint16_t port);

}  // namespace frontdoor
