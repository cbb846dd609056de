// A clock that stands still until a test moves it.

#pragma once

#include "loop/event_loop.h"

namespace frontdoor::testing {

class FakeTime final : public TimeSource {
 public:
  TimePoint now() override { return now_; }
  void advance(Duration by) { now_ += by; }

 private:
  TimePoint now_ = Clock::now();
};

}  // namespace frontdoor::testing
