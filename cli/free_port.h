// Ports that nobody listens on, for the demo.

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/address.h"

namespace frontdoor::cli {

// Whether this process could listen there now.
bool is_free(const Endpoint& endpoint);

// Loopback ports for instances. They lie below the range that outgoing connections are given, so that no
// connection ever takes the port of an instance that is being restarted, or connects to itself there. Fewer
// when too few are free.
std::vector<std::uint16_t> free_instance_ports(std::size_t count);

}  // namespace frontdoor::cli
