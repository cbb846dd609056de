// How many connections a listener asks for in one turn. To ask for one more than there are costs the kernel a
// socket that it makes and drops again, so it asks for as many as have come lately: epoll tells in the next
// turn what is left, and when that happens turn after turn, there are more. Pure; one listener.

#pragma once

#include <algorithm>

#include "base/time.h"

namespace frontdoor {

class AcceptBatch {
 public:
  static constexpr unsigned kMost = 16;     // then the connections that are there get their turn
  static constexpr unsigned kPatience = 4;  // full turns, one close behind the other, before it asks for more
  static constexpr Millis kClose{1};

  unsigned size() const { return size_; }

  void all_came(TimePoint now) {
    if (now - last_ > kClose) full_in_a_row_ = 0;
    last_ = now;
    if (++full_in_a_row_ < kPatience) return;
    full_in_a_row_ = 0;
    size_ = std::min(2 * size_, kMost);
  }

  // There were no more than `came`. By halves: one quiet turn is not yet the end of a flood.
  void fewer_came(unsigned came) {
    full_in_a_row_ = 0;
    size_ = std::max({1u, came, size_ / 2});
  }

 private:
  unsigned size_ = 1;
  unsigned full_in_a_row_ = 0;
  TimePoint last_{};
};

}  // namespace frontdoor
