// The moment of the calendar, for what people and files are told. Intervals go by Clock (base/time.h), which nobody sets.
// Any thread.

#pragma once

#include <chrono>
#include <cstdint>

namespace frontdoor {

inline std::int64_t unix_now_millis() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace frontdoor
