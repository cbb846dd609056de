// Whether one kind of request was on an instance at each of its last ends: then it is probably what kills it. With few
// requests each time that is a strong sign; a kind that is always there (a health check of somebody else's) looks the
// same, so it is told as what it is: "was on it". Pure.

#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "balancer/casualties.h"

namespace frontdoor {

class CrashCause {
 public:
  static constexpr std::size_t kMostEnds = 16;

  void ended(std::vector<Casualty> on_it) {
    ends_.push_back(std::move(on_it));
    if (ends_.size() > kMostEnds) ends_.pop_front();
  }

  // Of the kind that was on it at each of the last `ends`, the newest one: "GET /read"; "" = there is none.
  std::string common(std::size_t ends) const {
    ends = std::min(ends, kMostEnds);
    if (ends == 0 || ends_.size() < ends) return "";
    for (const Casualty& casualty : ends_.back()) {
      const bool always = std::all_of(ends_.end() - static_cast<std::ptrdiff_t>(ends), ends_.end(), [&](const auto& end) {
        return std::any_of(end.begin(), end.end(), [&](const Casualty& other) { return other.kind == casualty.kind; });
      });
      if (always) return casualty.request;
    }
    return "";
  }

 private:
  std::deque<std::vector<Casualty>> ends_;
};

}  // namespace frontdoor
