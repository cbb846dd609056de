// Which requests were on an upstream when it died, so that an operator can read what it may have died of. The few last
// ones: workers note them once for each death, never per request. Any thread.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"

namespace frontdoor {

struct Casualty {
  std::string request;     // "GET /read", without its query
  std::string request_id;
  std::uint64_t kind = 0;  // Likeness::kind: the same for requests that ask for the same kind of thing

  bool operator==(const Casualty&) const = default;
};

class Casualties {
 public:
  static constexpr std::size_t kMost = 8;
  // A response that breaks off may be the first that is seen of a death; or an app that ends it so, and lives.
  static constexpr Millis kOneMoment{1'000};

  void note(Casualty casualty, TimePoint now) {
    const std::lock_guard lock(mutex_);
    forget_before(now - kOneMoment);
    const bool known = std::any_of(noted_.begin(), noted_.end(), [&](const Noted& noted) {
      return noted.casualty.request_id == casualty.request_id;
    });
    if (known || noted_.size() >= kMost) return;
    noted_.push_back({std::move(casualty), now});
  }

  // Those of the death that was found out at `died`; they are forgotten here.
  std::vector<Casualty> take(TimePoint died) {
    const std::lock_guard lock(mutex_);
    forget_before(died - kOneMoment);
    std::vector<Casualty> all;
    for (Noted& noted : noted_) all.push_back(std::move(noted.casualty));
    noted_.clear();
    return all;
  }

 private:
  struct Noted {
    Casualty casualty;
    TimePoint when;
  };
  void forget_before(TimePoint moment) {
    while (!noted_.empty() && noted_.front().when < moment) noted_.pop_front();
  }

  std::mutex mutex_;
  std::deque<Noted> noted_;  // oldest first
};

}  // namespace frontdoor
