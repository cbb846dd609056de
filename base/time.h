// The program's one notion of time. Decisions take a TimePoint as an argument and never read a clock, so that
// tests move time instead of sleeping.

#pragma once

#include <chrono>

namespace frontdoor {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Duration = Clock::duration;
using Millis = std::chrono::milliseconds;

}  // namespace frontdoor
