// How a process ended, as a value and as an operator reads it.

#pragma once

#include <string>

namespace frontdoor {

// A signal and an exit status are never the same thing.
struct ProcessEnd {
  bool by_signal = false;
  int value = 0;  // the signal, or the exit status
  bool dumped_core = false;
  bool known = true;  // false: the launcher, who alone is told, has gone

  bool went_well() const { return known && !by_signal && value == 0; }
  bool operator==(const ProcessEnd&) const = default;
};

// "exit 1", "SIGSEGV (core dumped)".
std::string to_string(const ProcessEnd& end);

// "SIGTERM" for 15; "signal 40" for one without a name.
std::string signal_to_string(int signal);

}  // namespace frontdoor
