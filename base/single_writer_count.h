// A number that one thread changes and any thread reads: load and store instead of a locked operation. Each reader sees
// some recent value; nothing else is ordered by it.

#pragma once

#include <atomic>
#include <cstdint>

namespace frontdoor {

class SingleWriterCount {
 public:
  std::uint64_t get() const { return count_.load(std::memory_order_relaxed); }  // any thread

  void add() { set(get() + 1); }
  void subtract() { set(get() - 1); }
  void set(std::uint64_t count) { count_.store(count, std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> count_{0};
};

}  // namespace frontdoor
