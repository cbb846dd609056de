// What discovery knows of the names in a config, for building snapshots. A value; control thread.

#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/address.h"

namespace frontdoor {

// By host: its addresses, port 0. Empty = looked up in vain; not there = not looked up yet.
using NameAddresses = std::map<std::string, std::vector<Endpoint>>;

// Whether the address is a name that has to be looked up. Numbers and paths are not, nor is "localhost".
bool is_looked_up(const Address& address);

// What such an address stands for; empty for a name that is looked up.
std::vector<Endpoint> fixed_endpoints(const Address& address);

}  // namespace frontdoor
