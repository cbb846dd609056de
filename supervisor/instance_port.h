// Loopback ports for instances. They lie below the range that outgoing connections are given, so that no
// connection ever takes the port of an instance that is being restarted, or connects to itself there. Control
// thread.

#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <set>

#include "base/address.h"

namespace frontdoor {

// Whether nobody listens there now, as far as can be known.
bool is_free(const Endpoint& endpoint);

class InstancePorts {
 public:
  InstancePorts();

  // A port that nobody listens on and nobody else has from here; nothing when none is left.
  std::optional<std::uint16_t> take();
  // One that a process has already, over a crash of the front door.
  void take(std::uint16_t port) { taken_.insert(port); }
  void give_back(std::uint16_t port) { taken_.erase(port); }

 private:
  std::uint16_t first_;
  std::uint16_t end_;
  std::uint16_t next_;
  std::set<std::uint16_t> taken_;
};

}  // namespace frontdoor
