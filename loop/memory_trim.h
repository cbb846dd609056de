// When a worker gives the memory of a burst back to the kernel. The allocator keeps what is freed between what is still
// in use, so a worker that once had thousands of connections at work would stay as large as it was then. Asking the
// allocator for it takes about a millisecond: worth it after a burst, not in between. One worker.

#pragma once

#include <cstddef>

namespace frontdoor {

// Decides. It is told at regular intervals how many things of one kind that take memory are alive: sockets, coroutines.
class BurstWatch {
 public:
  // So many must have gone since the peak, and a quarter of them all.
  static constexpr std::size_t kBurst = 256;
  // They must have been gone for so many intervals in a row: a load that comes in waves keeps its memory.
  static constexpr unsigned kCalmFor = 8;

  // True when a burst is over; the next one counts from what is alive now.
  bool over(std::size_t alive);

 private:
  std::size_t peak_ = 0;
  unsigned calm_ = 0;
};

// Frees what this thread's free list of coroutine frames holds, and returns the allocator's free pages to the kernel.
void give_memory_back();

}  // namespace frontdoor
