// Whether a worker's loop has stood still for so long that the process is of no use, as /healthz has to say. Told at each
// look who has not answered since the last one; one look in which all have answered begins anew. Pure.

#pragma once

#include <optional>

#include "base/time.h"

namespace frontdoor {

class StuckWatch {
 public:
  static constexpr Millis kPatience{10'000};

  // `stuck`: a worker that owes a sign of life. The one that has owed it for too long, if there is one.
  std::optional<unsigned> look(std::optional<unsigned> stuck, TimePoint now) {
    if (!stuck) since_.reset();
    else if (!since_) since_ = now;
    return since_ && now - *since_ >= kPatience ? stuck : std::nullopt;
  }

 private:
  std::optional<TimePoint> since_;
};

}  // namespace frontdoor
