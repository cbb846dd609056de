// Loopback ports for instances. They lie below the range that outgoing connections are given, so that no
// connection ever takes the port of an instance that is being restarted, or connects to itself there. Each is
// reserved among the front doors that share the loopback device: between the choice of a port and the moment the app
// listens there, another front door's app would answer in its place. Control thread.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/address.h"
#include "supervisor/launcher/launcher_message.h"

namespace frontdoor {

// Whether nobody listens there now, as far as can be known.
bool is_free(const Endpoint& endpoint);
// Whether a connect to it is refused now; of this machine. Nothing is bound for it: the app may be about to do that.
bool refuses(const Endpoint& endpoint);

// A reservation lasts as long as its socket is open, here or in the launcher. Any user of this machine may take reservations,
// and do no more harm than that: a front door that gets none goes without, as it does where there can be none.
struct PortReservation {
  OwnedFd socket = {};   // invalid: it is not ours
  bool is_others = false;
  std::string problem = {};  // why there is none
};
PortReservation reserve_port(std::uint16_t port);

class InstancePorts {
 public:
  InstancePorts();  // from a random place, so that front doors that start together rarely want the same ones
  InstancePorts(std::uint16_t first, std::uint16_t end, std::uint16_t next) : first_(first), end_(end), next_(next) {}

  // A port that nobody listens on, and that nobody else has from here or from another front door; nothing when none is left.
  std::optional<std::uint16_t> take();
  // One that a process has already, over a crash of the front door, and its reservation, if there is one.
  void adopt(std::uint16_t port, OwnedFd reservation);
  void give_back(std::uint16_t port) { taken_.erase(port); }
  int reservation(std::uint16_t port) const;  // -1: it has none
  const std::string& why_unreserved() const { return why_unreserved_; }  // of the last one taken without; "" = each had one
  // Somebody else holds them from now on.
  void let_go_of_reservations();

 private:
  std::optional<std::uint16_t> take(bool also_of_others);

  std::uint16_t first_;
  std::uint16_t end_;  // one more than the last
  std::uint16_t next_;
  std::map<std::uint16_t, OwnedFd> taken_;
  std::string why_unreserved_;
};

}  // namespace frontdoor
