// The memory of this binary's tests: counted, and at an end when a test wants it to be. Operator new throws; of_c: malloc and
// its like return null as well, which is what nghttp2 and OpenSSL live on (not under ThreadSanitizer, which has its own).
// Under AddressSanitizer there is none of it.

#pragma once

#include <cstdint>

#include "proxy/server/worker.h"

namespace frontdoor::testing {

struct Heap {
  std::uint64_t allocations = 0;  // by operator new
  std::uint64_t fails_in = 0;     // that many from now the next one fails; 0: none does
  bool fails_from_then = false;   // and all behind it
  bool of_c = false;              // those of C count and fail, too
  bool failed = false;
};
extern constinit thread_local Heap heap;

enum class Shortage : std::uint8_t { OfOne, FromThenOn };

// Turns of a worker, of whose allocations the n-th fails, whoever makes it.
class ShortTurns {
 public:
  ShortTurns(std::uint64_t n, Shortage shortage) : left_(n), shortage_(shortage) { heap.failed = false; }

  void turn(Worker& worker) {
    const bool over = heap.failed && shortage_ == Shortage::OfOne;
    heap.fails_from_then = shortage_ == Shortage::FromThenOn;
    heap.of_c = true;
    heap.fails_in = over ? 0 : left_;
    worker.run_once(Millis{1});
    left_ = heap.fails_in;
    heap.fails_in = 0;
    heap.of_c = false;
  }
  static bool struck() { return heap.failed; }

 private:
  std::uint64_t left_;
  const Shortage shortage_;
};

}  // namespace frontdoor::testing
