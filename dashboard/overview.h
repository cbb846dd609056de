// The one sentence at the top: is all well, and if not, where? Pure.
//
//   All 7 upstreams are up
//   pool app: 1 of 4 is down, 12 requests held

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "admin/status.h"
#include "observe/totals.h"

namespace frontdoor {

// Its own word, unless an operator has taken it out: then that.
std::string shown_state(const AdminUpstream& upstream);

// What a state means to somebody who looks at it from afar.
enum class Condition : std::uint8_t {
  Good,     // takes requests
  Coming,   // will soon, as far as is known: it starts, or was not judged yet
  Bad,      // should, and does not
  Resting,  // does not, as somebody wants it
};
Condition condition_of(std::string_view state);  // as shown
const char* to_string(Condition condition);      // "good", "coming", "bad", "resting"

struct PoolCount {
  std::size_t all = 0, good = 0, coming = 0, bad = 0, resting = 0;
};
// While one instance replaces another there are two of one name: the better one counts.
PoolCount count(const AdminPool& pool);

enum class Level : std::uint8_t { Good, Warning, Bad };
const char* to_string(Level level);  // "good", "warning", "bad"

struct Overview {
  Level level = Level::Good;
  std::string sentence = {};
};
Overview overview_of(const AdminStatus& status, const Totals& totals);

const PoolTotals* find_pool(const Totals& totals, std::string_view name);  // null: there is none

}  // namespace frontdoor
