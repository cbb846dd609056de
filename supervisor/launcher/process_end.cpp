#include "supervisor/launcher/process_end.h"

#include <cstring>

namespace frontdoor {

std::string signal_to_string(int signal) {
  const char* const name = ::sigabbrev_np(signal);
  return name ? std::string("SIG") + name : "signal " + std::to_string(signal);
}

std::string to_string(const ProcessEnd& end) {
  if (!end.known) return "unknown";
  if (!end.by_signal) return "exit " + std::to_string(end.value);
  return signal_to_string(end.value) + (end.dumped_core ? " (core dumped)" : "");
}

}  // namespace frontdoor
