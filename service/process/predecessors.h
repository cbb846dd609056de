// The processes of this program that an upgrade without a launcher has dismissed, and that may still finish what they have
// begun: each tells the next one of those before it, which bounds how many there may be. Main thread.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/launcher/process_tree.h"

namespace frontdoor {

inline constexpr const char* kPredecessorsVariable = "FRONTDOOR_PREDECESSORS";

class Predecessors {
 public:
  Predecessors() = default;
  // "PID:STARTED PID:STARTED …", as to_text() wrote it; the rest is passed over.
  explicit Predecessors(std::string_view text);

  // Those that are there still; the others are forgotten.
  std::size_t draining();
  // For the one after this process: those before it, and this one.
  std::string to_text(const ProcessInfo& itself) const;

 private:
  std::vector<ProcessInfo> known_;  // pid and start
};

}  // namespace frontdoor
