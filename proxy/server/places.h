// The places of one listener: how many connections are open on it, whichever worker accepted them, and how
// many may be. One atomic operation when a connection comes and one when it goes. Shared by the listener's
// workers; any thread.

#pragma once

#include <atomic>
#include <cstdint>

#include "proxy/upstreams/room_board.h"

namespace frontdoor {

class Places {
 public:
  explicit Places(std::uint64_t limit) : limit_(limit) {}

  std::uint64_t limit() const { return limit_.load(std::memory_order_relaxed); }
  void set_limit(std::uint64_t limit) { limit_.store(limit, std::memory_order_relaxed); }  // a reload; nobody is closed for it
  std::uint64_t taken() const { return taken_.load(std::memory_order_relaxed); }

  // One connection more; false when there is no place for it.
  bool enter() {
    std::uint64_t taken = taken_.load(std::memory_order_seq_cst);
    while (taken < limit())
      if (taken_.compare_exchange_weak(taken, taken + 1, std::memory_order_seq_cst)) return true;
    return false;
  }
  // Beyond the limit: a drain takes those whom the kernel has accepted.
  void enter_anyway() { taken_.fetch_add(1, std::memory_order_seq_cst); }
  void leave() {
    taken_.fetch_sub(1, std::memory_order_seq_cst);
    board_.freed();
  }

  RoomBoard& board() { return board_; }

  // For the event log.
  void count_closed_for_room() { closed_for_room_.fetch_add(1, std::memory_order_relaxed); }
  void count_full() { full_.fetch_add(1, std::memory_order_relaxed); }
  std::uint64_t closed_for_room() const { return closed_for_room_.load(std::memory_order_relaxed); }
  // How often a client had to wait for a place because all were at work.
  std::uint64_t full() const { return full_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> limit_;
  std::atomic<std::uint64_t> taken_{0};
  std::atomic<std::uint64_t> closed_for_room_{0};
  std::atomic<std::uint64_t> full_{0};
  RoomBoard board_;
};

}  // namespace frontdoor
