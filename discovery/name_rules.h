// What an answer about a name means: which of its addresses are used, which join and leave, and when to ask
// again. Decides only; no sockets, no clock.

#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/time.h"

namespace frontdoor {

struct NameAnswer {
  std::vector<Endpoint> endpoints = {};  // port 0, in any order; empty = none
  Millis ttl{0};                         // the shortest of its records; a hosts file has none
  std::string error = {};                // why there is none
};

// How often a name is asked for.
struct NamePace {
  Millis least{1'000};   // a TTL of 0 must not make us ask without pause
  Millis most{30'000};   // a TTL of a day must not hide a move for a day
  Millis failed{2'000};  // an app whose name appears after we have started should not wait for long
};

// More are not used: each is an upstream that is probed, and an answer is somebody else's to write.
inline constexpr std::size_t kMostAddresses = 64;

// What is known of one name.
struct NameState {
  std::vector<Endpoint> addresses = {};  // in use, port 0, sorted
  bool tried = false;
  bool failing = false;      // the last answer had no address; `addresses` are those of the last good one
  bool doubted = false;      // the last answer lacked a whole family that the one before had
  std::size_t left_out = 0;  // beyond kMostAddresses
  int hurried = 0;           // look-ups at the quicker pace that are left
};

// One of the addresses has gone down: the app may have moved, and a TTL is a promise that a container which
// is made anew has never heard of. For half a minute, so that an address that stays down is not asked about
// for ever.
inline constexpr int kHurriedLookUps = 15;

struct NameStep {
  NameState state;
  std::vector<Endpoint> joined = {}, left = {};
  Millis again{0};  // ask again after this
};

// Whether this machine has a route to an address.
using Routable = std::function<bool(const Endpoint&)>;

NameStep learn(const NameState& before, const NameAnswer& answer, const NamePace& pace,
               const Routable& routable);

}  // namespace frontdoor
