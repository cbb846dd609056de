// What an operator, a trigger or a changed config asks of a pool's instances, and what became of it. Values.

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "base/time.h"

namespace frontdoor {

enum class RestartHow : std::uint8_t {
  Rolling,  // a new one up and proved, then the old one leaves its pool, finishes its requests and is stopped
  Now,      // stopped and started again where it is, without waiting for its requests
};

// What a new process is started with, after a change of the config whose new instances did not come up.
enum class RestartWith : std::uint8_t {
  Config,  // what it says: somebody wants it tried again
  Served,  // what serves: a fresh process is wanted, and no other
};

// What happened to the pool's requests meanwhile, and to its instances.
struct RolloutReport {
  unsigned replaced = 0;
  unsigned failed = 0;         // new ones that did not come up
  std::uint64_t served = 0;    // requests that were answered by an instance
  std::uint64_t held = 0;      // that had to wait for one
  std::uint64_t replayed = 0;  // that were sent again to another one
  std::uint64_t lost = 0;      // that got an answer of ours instead, or a cut one
  Duration took{};
};

struct OperationResult {
  bool ok = true;
  std::string error = {};  // one sentence
  RolloutReport report = {};
  std::string last_words = {};  // of an instance that did not come up: only for those who may read what apps write
};

// What becomes of a config that was read.
struct ConfigFit {
  std::size_t pending = 0;                           // pools that have not come to rest yet
  std::map<std::string, OperationResult> failed = {};  // by pool: those that it asked something of, and that are not as it says
};

}  // namespace frontdoor
