// Where the instances of a pool listen that frontdoor runs itself: told by the supervisor, made upstreams by
// the registry. Values; control thread.

#pragma once

#include <string>
#include <vector>

#include "base/address.h"

namespace frontdoor {

struct InstanceAddress {
  std::string pool;
  std::string instance;  // "app.1"
  Endpoint endpoint;

  // What logs call the upstream: "app.1 (127.0.0.1:24001)". A restart keeps the address, a rolling one has
  // another.
  std::string upstream_name() const { return instance + " (" + endpoint.to_string() + ")"; }
  bool operator==(const InstanceAddress&) const = default;
};

using InstanceAddresses = std::vector<InstanceAddress>;

}  // namespace frontdoor
