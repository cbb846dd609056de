#include "loop/memory_trim.h"

#include <malloc.h>

#include <algorithm>

#include "loop/task.h"

namespace frontdoor {

bool BurstWatch::over(std::size_t alive) {
  peak_ = std::max(peak_, alive);
  const bool calm = peak_ - alive >= std::max(kBurst, peak_ / 4);
  calm_ = calm ? calm_ + 1 : 0;
  if (calm_ < kCalmFor) return false;
  calm_ = 0;
  peak_ = alive;
  return true;
}

void give_memory_back() {
  drop_free_frames();  // scattered as they are, each would hold a page
  ::malloc_trim(0);
}

}  // namespace frontdoor
